package task

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// Metadata is what the SDK that AWS makes its optimized calls with adds to every result: the members SdkHttpMetadata and
// SdkResponseMetadata (specification, section 4.3).
type Metadata struct {
	SdkHTTPMetadata     HTTPMetadata     `json:"SdkHttpMetadata"`
	SdkResponseMetadata ResponseMetadata `json:"SdkResponseMetadata"`
}

// HTTPMetadata shows the headers of the answer.
type HTTPMetadata struct {
	AllHTTPHeaders map[string][]string `json:"AllHttpHeaders"`
	HTTPHeaders    foldedOrder         `json:"HttpHeaders"`
	HTTPStatusCode int                 `json:"HttpStatusCode"`
}

// ResponseMetadata names the request.
type ResponseMetadata struct {
	RequestID string `json:"RequestId"`
}

// foldedOrder is headers in the order of their names, whatever their case.
type foldedOrder map[string]string

// MarshalJSON writes them in that order.
func (h foldedOrder) MarshalJSON() ([]byte, error) {
	names := make([]string, 0, len(h))
	for n := range h {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool { return strings.ToLower(names[i]) < strings.ToLower(names[j]) })
	b := []byte{'{'}
	for i, n := range names {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(n)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(h[n])
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), v...)
	}
	return append(b, '}'), nil
}

// NewMetadata describes an answer with these headers; date is in HTTP's format.
func NewMetadata(status int, requestID string, headers map[string]string) Metadata {
	all := make(map[string][]string, len(headers))
	for n, v := range headers {
		all[n] = []string{v}
	}
	return Metadata{HTTPMetadata{all, headers, status}, ResponseMetadata{requestID}}
}

// Optimized is the failure of an optimized integration: the error's name and the text of the SDK of the first generation
// (specification, sections 2.4 and 2.5). prefix is that of the name ("Lambda"), service the SDK's word ("AWSLambda").
func Optimized(prefix, service, requestID string, e *api.Error) *Result {
	return &Result{
		Error: prefix + "." + exception(e.Code),
		Cause: fmt.Sprintf("%s (Service: %s; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
			e.Message, service, e.HTTPStatus(), e.Code, requestID),
	}
}

// SDK is the failure of an aws-sdk integration: prefix is the SDK's name of the service ("Sfn").
func SDK(prefix, requestID string, e *api.Error) *Result {
	return &Result{
		Error: prefix + "." + exception(e.Code),
		Cause: fmt.Sprintf("%s (Service: %s, Status Code: %d, Request ID: %s) (SDK Attempt Count: 1)",
			e.Message, prefix, e.HTTPStatus(), requestID),
	}
}

// exception is the class name of an error code.
func exception(code string) string {
	if strings.HasSuffix(code, "Exception") {
		return code
	}
	return code + "Exception"
}

// BadParameters is the failure of a task whose parameters cannot make a call.
func BadParameters(args []byte, reasons ...string) *Result {
	return &Result{Error: "States.Runtime",
		Cause: fmt.Sprintf("The Parameters '%s' could not be used to start the Task: [%s]", args, strings.Join(reasons, ", "))}
}

// UUID is a UUID made of a request's key: the same on every repetition.
func (r *Request) UUID() string {
	sum := sha256.Sum256([]byte(r.Key))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Length is a body's length as a header.
func Length(body []byte) string { return strconv.Itoa(len(body)) }
