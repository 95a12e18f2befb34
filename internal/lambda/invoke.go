package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/host"
)

const (
	maxEvent         = 1_048_576 // bytes of an asynchronous event
	maxClientContext = 3583      // bytes, base64
)

// InvokeInput is one invoke, from a client or from another service.
type InvokeInput struct {
	Region, Account string
	Function        string // any form of the name
	Qualifier       string
	Type            string // "RequestResponse", "Event" or "DryRun"; empty: RequestResponse
	Payload         []byte // nil: none
	ExecutionName   string // of a durable execution
	TenantID        string
	TraceID         string
	ClientContext   string // base64
	RequestID       string // names the invocation; of an Event, repeating it repeats nothing
}

// Invoke checks and does an invoke. Errors are *api.Error as the API answers them.
func (s *Service) Invoke(ctx context.Context, in *InvokeInput) (*InvokeResult, error) {
	if in.RequestID == "" {
		in.RequestID = s.eng.NewID()
	}
	v, payload, err := s.admit(ctx, in)
	if err != nil {
		return nil, err
	}
	if v.Durable != nil {
		d := &DurableInvoke{Version: v, Name: in.ExecutionName, Payload: payload, Event: in.Type == "Event", TraceID: in.TraceID, TenantID: in.TenantID, RequestID: in.RequestID}
		if in.Type == "DryRun" {
			return &InvokeResult{Status: http.StatusNoContent}, s.durable.Check(d)
		}
		if f, err := s.cat.find(ctx, ref{region: v.Region, account: v.Account, name: v.FunctionName}); err != nil {
			return nil, err
		} else if f != nil && f.Reserved != nil && *f.Reserved == 0 {
			return nil, throttled(true) // it could never take its first step
		}
		return s.durable.Invoke(ctx, d)
	}
	if payload == nil {
		payload = []byte("{}")
	}
	switch in.Type {
	case "DryRun":
		return &InvokeResult{Status: http.StatusNoContent}, nil
	case "Event":
		return &InvokeResult{Status: http.StatusAccepted}, s.enqueue(ctx, v, in, payload)
	}
	res, err := s.run(ctx, v, &host.Invocation{
		RequestID: in.RequestID, Payload: payload, InvokedARN: in.arn(v), TraceID: in.TraceID,
		ClientContext: in.ClientContext, TenantID: in.TenantID,
	}, s.gate.enter)
	if err != nil {
		if res, err = s.started(ctx, v, in.RequestID, err); err != nil {
			return nil, err
		}
	}
	return &InvokeResult{
		Status: http.StatusOK, ExecutedVersion: v.Version, FunctionError: res.FunctionError, Log: res.Log, Payload: res.Payload,
	}, nil
}

// arn is the ARN that the code sees: with a qualifier if the caller gave one.
func (in *InvokeInput) arn(v *Version) string {
	q := in.Qualifier
	if r, err := parse(in.Region, in.Account, in.Function, q, namespacedPattern); err == nil {
		q = r.qualifier
	}
	if q == "" {
		return v.FunctionARN
	}
	return v.FunctionARN + ":" + q
}

// admit makes the checks that all invokes have in common, in the order of spec durable-execution.md section 2.1.
func (s *Service) admit(ctx context.Context, in *InvokeInput) (*Version, []byte, error) {
	var c checks
	if in.Type != "" {
		c.oneOf(in.Type, "invocationType", "Event", "RequestResponse", "DryRun")
	}
	if in.TenantID != "" {
		c.longest(in.TenantID, "tenantId", 256)
		c.like(in.TenantID, "tenantId", tenantPattern)
	}
	if err := c.err(); err != nil {
		return nil, nil, err
	}
	if err := checkClientContext(in.ClientContext); err != nil {
		return nil, nil, err
	}
	v, err := s.Resolve(ctx, in.Region, in.Account, in.Function, in.Qualifier)
	if err != nil {
		return nil, nil, err
	}
	if err := v.Unqualified(); err != nil {
		return nil, nil, err
	}
	if err := v.noTenant(in.TenantID); err != nil {
		return nil, nil, err
	}
	if len(in.Payload) > maxInvokeBody {
		return nil, nil, tooLarge("Request must be smaller than %d bytes for the InvokeFunction operation", maxInvokeBody)
	}
	if in.Type == "Event" && len(in.Payload) > maxEvent {
		return nil, nil, tooLarge("%d byte payload is too large for the Event invocation type (limit %d bytes)", len(in.Payload), maxEvent)
	}
	if len(in.Payload) == 0 {
		return v, nil, nil
	}
	if !json.Valid(in.Payload) {
		var any json.RawMessage
		err := json.Unmarshal(in.Payload, &any)
		return nil, nil, api.Errorf("InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: %v", err)
	}
	return v, in.Payload, nil
}

func tooLarge(format string, args ...any) error {
	e := api.Errorf("RequestTooLargeException", format, args...)
	e.Status = http.StatusRequestEntityTooLarge
	return e
}

func checkClientContext(text string) error {
	if text == "" {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	var o map[string]any
	if err != nil || json.Unmarshal(b, &o) != nil {
		return api.Errorf("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
	}
	if len(text) > maxClientContext {
		return api.Errorf("InvalidRequestContentException", "Client context must be no larger than %d bytes.", maxClientContext)
	}
	return nil
}

// invoke is the Invoke operation.
func (s *Service) invoke(ctx context.Context, r *api.Request) (*api.Response, error) {
	h := r.Header
	logType := h.Get("X-Amz-Log-Type")
	if logType != "" {
		var c checks
		c.oneOf(logType, "logType", "None", "Tail")
		if err := c.err(); err != nil {
			return nil, err
		}
	}
	in := &InvokeInput{
		Region: r.Region, Account: r.Account, Function: r.Path["FunctionName"], Qualifier: r.Query.Get("Qualifier"),
		Type: h.Get("X-Amz-Invocation-Type"), Payload: r.Body, ExecutionName: h.Get("X-Amz-Durable-Execution-Name"),
		TenantID: h.Get("X-Amz-Tenant-Id"), TraceID: s.trace(h.Get("X-Amzn-Trace-Id")), ClientContext: h.Get("X-Amz-Client-Context"),
		RequestID: r.RequestID,
	}
	if in.Payload != nil && len(in.Payload) == 0 {
		in.Payload = nil
	}
	out, err := s.Invoke(ctx, in)
	if err != nil {
		return nil, err
	}
	res := &api.Response{Status: out.Status, Body: out.Payload, Header: http.Header{}}
	set := func(name, v string) {
		if v != "" {
			res.Header.Set(name, v)
		}
	}
	if out.Status == http.StatusOK {
		set("Content-Type", "application/json")
	}
	set("X-Amz-Durable-Execution-Arn", out.ExecutionARN)
	set("X-Amz-Executed-Version", out.ExecutedVersion)
	set("X-Amz-Function-Error", out.FunctionError)
	if logType == "Tail" && out.Status == http.StatusOK {
		set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(out.Log))
	}
	return res, nil
}

// trace is the trace header of a request, or a new one that is not sampled.
func (s *Service) trace(given string) string {
	if given != "" && len(given) <= 256 && !strings.ContainsAny(given, "\r\n") {
		return given
	}
	id := strings.ReplaceAll(s.eng.NewID()+s.eng.NewID(), "-", "")
	return "Root=1-" + hex8(s.eng.Now().Unix()) + "-" + id[:24] + ";Parent=" + id[32:48] + ";Sampled=0"
}
