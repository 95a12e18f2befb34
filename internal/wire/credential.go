package wire

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// credential is what a request says of its signer, from the Authorization header or from a presigned URL. Everything in
// it is the client's word until verify has checked it.
type credential struct {
	accessKey string
	date      string // yyyymmdd
	region    string
	service   string
	signed    string // names of signed headers, lower case, joined by ";"
	signature string // hex
	presigned bool
}

const algorithm = "AWS4-HMAC-SHA256"

func (c *credential) scope() string {
	return c.date + "/" + c.region + "/" + c.service + "/aws4_request"
}

// readCredential finds the credential of a request. A request without one gives nil and no error.
func readCredential(req *http.Request) (*credential, *api.Error) {
	if auth := req.Header.Get("Authorization"); auth != "" {
		return parseAuthorization(auth)
	}
	if strings.Contains(req.URL.RawQuery, "X-Amz-Credential=") {
		return parsePresigned(req.URL.RawQuery)
	}
	return nil, nil
}

// parseAuthorization reads
//
//	AWS4-HMAC-SHA256 Credential=KEY/20250101/us-east-1/states/aws4_request, SignedHeaders=host;x-amz-date, Signature=hex
func parseAuthorization(s string) (*credential, *api.Error) {
	rest, ok := strings.CutPrefix(s, algorithm)
	if !ok || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return nil, incomplete("Authorization header requires the %s algorithm.", algorithm)
	}
	c := &credential{}
	for rest != "" {
		var field string
		field, rest, _ = strings.Cut(rest, ",")
		key, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch key {
		case "Credential":
			if err := c.parseScope(value); err != nil {
				return nil, err
			}
		case "SignedHeaders":
			c.signed = value
		case "Signature":
			c.signature = value
		}
	}
	switch {
	case c.service == "":
		return nil, incomplete("Authorization header requires 'Credential' parameter.")
	case c.signed == "":
		return nil, incomplete("Authorization header requires 'SignedHeaders' parameter.")
	case c.signature == "":
		return nil, incomplete("Authorization header requires 'Signature' parameter.")
	}
	return c, nil
}

func parsePresigned(rawQuery string) (*credential, *api.Error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, incomplete("The query string is malformed.")
	}
	if q.Get("X-Amz-Algorithm") != algorithm {
		return nil, incomplete("X-Amz-Algorithm must be %s.", algorithm)
	}
	c := &credential{signed: q.Get("X-Amz-SignedHeaders"), signature: q.Get("X-Amz-Signature"), presigned: true}
	if err := c.parseScope(q.Get("X-Amz-Credential")); err != nil {
		return nil, err
	}
	if c.signed == "" || c.signature == "" {
		return nil, incomplete("X-Amz-SignedHeaders and X-Amz-Signature are required.")
	}
	return c, nil
}

// parseScope reads KEY/date/region/service/aws4_request from the right, because nothing forbids a slash in a key.
func (c *credential) parseScope(s string) *api.Error {
	var last string
	rest := s
	for _, part := range []*string{&last, &c.service, &c.region, &c.date} {
		i := strings.LastIndexByte(rest, '/')
		if i < 0 {
			return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", clip(s))
		}
		*part, rest = rest[i+1:], rest[:i]
	}
	c.accessKey = rest
	if last != "aws4_request" || c.accessKey == "" || c.service == "" || c.region == "" || len(c.date) != 8 {
		return incomplete("Credential should be scoped with a valid terminator: 'aws4_request', got '%s'", clip(s))
	}
	if !plainName(c.region) || !plainName(c.service) {
		return incomplete("Credential should be scoped to a valid region and service, got '%s'", clip(s))
	}
	return nil
}

// plainName bounds what goes on into ARNs, keys and metrics: letters, digits, "-", "_" and ".".
func plainName(s string) bool {
	if len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func incomplete(format string, args ...any) *api.Error {
	e := api.Errorf("IncompleteSignatureException", format, args...)
	e.Status = http.StatusForbidden
	return e
}

// clip bounds what an error repeats of the client's text.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}
