package taskhttp

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// call is what a state asks for.
type call struct {
	endpoint   *url.URL
	method     string
	connection string // ARN
	headers    http.Header
	query      *value.Object
	body       value.Value // undefined if there is none
	encoding   encoding
}

var methods = []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"}

// parse reads the arguments; problem tells what is wrong with them.
func parse(args value.Value) (c *call, problem string) {
	if args.Kind() != value.KindObject {
		return nil, "they must be an object"
	}
	c = &call{headers: http.Header{}, query: value.NewObject(0)}
	o := args.Object()
	for i := range o.Len() {
		if problem := c.member(o.Key(i), o.At(i)); problem != "" {
			return nil, problem
		}
	}
	switch {
	case c.endpoint == nil:
		return nil, required("ApiEndpoint")
	case c.method == "":
		return nil, required("Method")
	case c.connection == "":
		return nil, required("InvocationConfig")
	}
	return c, ""
}

func required(field string) string { return "The field '" + field + "' is required but was missing" }

func invalid(field, rule string) string {
	return "The value of the field '" + field + "' must be " + rule
}

func (c *call) member(name string, v value.Value) (problem string) {
	switch name {
	case "ApiEndpoint":
		c.endpoint, problem = endpoint(v)
	case "Method":
		if c.method = v.Str(); !slices.Contains(methods, c.method) {
			problem = invalid(name, "one of "+strings.Join(methods, ", "))
		}
	case "Authentication", "InvocationConfig":
		arn := v.Get("ConnectionArn")
		if v.Kind() != value.KindObject || arn.Kind() != value.KindString || arn.Str() == "" {
			return required(name + ".ConnectionArn")
		}
		c.connection = arn.Str()
	case "Headers":
		problem = c.readHeaders(v)
	case "QueryParameters":
		if v.Kind() != value.KindObject {
			return invalid(name, "an object")
		}
		c.query = v.Object().Clone()
	case "RequestBody":
		c.body = v
	case "Transform":
		c.encoding, problem = transform(v)
	default:
		problem = "The field '" + name + "' is not supported by Step Functions"
	}
	return problem
}

// endpoint is an https URL, or an http URL of this machine.
func endpoint(v value.Value) (*url.URL, string) {
	u, err := url.Parse(v.Str())
	if v.Kind() != value.KindString || err != nil || u.Host == "" || u.User != nil {
		return nil, invalid("ApiEndpoint", "an HTTPS URL")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname())) {
		return nil, invalid("ApiEndpoint", "an HTTPS URL; HTTP is for loopback addresses only")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, ""
}

func local(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// scalar is a text, number or boolean as text.
func scalar(v value.Value) (string, bool) {
	switch v.Kind() {
	case value.KindString:
		return v.Str(), true
	case value.KindNumber, value.KindBool:
		return v.Text(), true
	}
	return "", false
}
