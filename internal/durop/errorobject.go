package durop

import (
	"bytes"
	"encoding/json"
)

// errorMembers are those of an ErrorObject, in the order they are written.
var errorMembers = [...]string{"ErrorMessage", "ErrorType", "ErrorData", "StackTrace"}

// errorObject reads an ErrorObject and drops nulls and what the model does not know.
func (p *parser) errorObject(v []byte) Object {
	var found [len(errorMembers)][]byte
	p.object(v, "Error", func(key string, v []byte) {
		for i, m := range errorMembers {
			switch {
			case m != key:
			case key == "StackTrace":
				p.array(v, key, func(v []byte) { p.raw(v, key) })
				found[i] = v
			default:
				found[i] = p.raw(v, key)
			}
		}
	})
	if p.err != nil {
		return nil
	}
	return joinError(found)
}

func joinError(found [len(errorMembers)][]byte) Object {
	out := []byte{'{'}
	for i, v := range found {
		if v == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), errorMembers[i]...), '"', ':')
		if v[0] != '[' {
			out = append(out, v...)
			continue
		}
		var line bytes.Buffer // a stack trace may arrive with blanks between its lines
		_ = json.Compact(&line, v)
		out = append(out, line.Bytes()...)
	}
	return append(out, '}')
}

// NewError is the ErrorObject with a message and a type; empty ones are left out.
func NewError(message, typ string) Object {
	var found [len(errorMembers)][]byte
	if message != "" {
		found[0] = Quote(message)
	}
	if typ != "" {
		found[1] = Quote(typ)
	}
	return joinError(found)
}

// ParseError reads a bare ErrorObject, such as the body of a stop or of a callback's failure. An empty body is an empty
// object; ok is false if the body is not an ErrorObject.
func ParseError(body []byte) (o Object, ok bool) {
	if len(bytes.TrimSpace(body)) == 0 || isNull(bytes.TrimSpace(body)) {
		return Object("{}"), true
	}
	if !json.Valid(body) {
		return nil, false
	}
	p := &parser{}
	o = p.errorObject(bytes.TrimSpace(body))
	return o, p.err == nil
}

// RuntimeError turns the error body of a runtime, {"errorMessage","errorType","stackTrace"}, into an ErrorObject. typ is
// its ErrorType if the body names none.
func RuntimeError(body []byte, typ string) Object {
	var found [len(errorMembers)][]byte
	if typ != "" {
		found[1] = Quote(typ)
	}
	if len(body) == 0 || !json.Valid(body) || body[space(body, 0)] != '{' {
		if len(body) > 0 {
			found[0] = Quote(body)
		}
		return joinError(found)
	}
	members(body, func(key string, v []byte) {
		switch {
		case key == "errorMessage" && v[0] == '"':
			found[0] = v
		case key == "errorType" && v[0] == '"':
			found[1] = v
		case (key == "stackTrace" || key == "trace") && v[0] == '[':
			found[3] = traceLines(v)
		}
	})
	return joinError(found)
}

// traceLines keeps the lines of a stack trace; runtimes also send frames as lists or objects, which become their text.
func traceLines(v []byte) []byte {
	out := []byte{'['}
	elements(v, func(e []byte) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		if e[0] == '"' {
			out = append(out, e...)
			return
		}
		out = append(out, Quote(e)...)
	})
	return append(out, ']')
}

// InvokeError is an ErrorObject as a synchronous invoke answers it: lower camel case, absent members left out.
func InvokeError(o Object) []byte {
	names := map[string]string{"ErrorMessage": "errorMessage", "ErrorType": "errorType", "ErrorData": "errorData", "StackTrace": "stackTrace"}
	out := []byte{'{'}
	if o != nil {
		members(o, func(key string, v []byte) {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(append(append(out, '"'), names[key]...), '"', ':')
			out = append(out, v...)
		})
	}
	return append(out, '}')
}
