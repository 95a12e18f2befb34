package durop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/perdure/perdure/internal/api"
)

// Update is one change that a handler asks for. Absent options are nil.
type Update struct {
	ID       string
	ParentID string
	Name     string
	Type     string
	SubType  string
	Action   string
	Payload  Text
	Error    Object

	ReplayChildren *bool  // ContextOptions
	NextAttempt    *int64 // StepOptions.NextAttemptDelaySeconds
	StepOptions    bool   // StepOptions was given, whatever it holds
	WaitSeconds    *int64 // WaitOptions
	CallbackTimes  [2]int64
	Invoke         *Target // ChainedInvokeOptions, and what the service made of them
}

// Target is whom a chained invoke calls. The service fills in the rest once it has resolved FunctionName; durop puts it
// into the history.
type Target struct {
	FunctionName string // as the handler gave it
	TenantID     string

	ExecutedVersion string
	ExecutionARN    string // of a durable child
	Refused         Object // the error with which the invoke fails at once; nil if it can start
}

// Request is the body of a checkpoint call.
type Request struct {
	Token       string
	ClientToken string
	Updates     []Update
}

// Parse reads the body of a checkpoint call and checks the shape of every member: a body of another shape is a
// SerializationException, members out of range are one ValidationException that lists them all.
func Parse(body []byte) (*Request, error) {
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	if !json.Valid(body) || len(body) == 0 || body[space(body, 0)] != '{' {
		return nil, api.Serialization(errors.New("not a JSON object"))
	}
	p := &parser{}
	req := &Request{}
	p.object(body, "", func(key string, v []byte) {
		switch key {
		case "CheckpointToken":
			req.Token = p.text(v, key)
		case "ClientToken":
			req.ClientToken = p.text(v, key)
		case "Updates":
			p.array(v, key, func(v []byte) {
				req.Updates = append(req.Updates, p.update(v, "updates."+strconv.Itoa(len(req.Updates)+1)+".member"))
			})
		}
	})
	if p.err != nil {
		return nil, api.Serialization(p.err)
	}
	p.shape.required(req.Token, "checkpointToken")
	p.shape.token(req.Token, "checkpointToken")
	if req.ClientToken != "" {
		p.shape.pattern(req.ClientToken, "clientToken", 64, `[\x21-\x7E]+`, func(c byte) bool { return c > 0x20 && c < 0x7F })
	}
	if err := p.shape.err(); err != nil {
		return nil, err
	}
	return req, nil
}

// parser reads valid JSON into typed members and remembers the first member of a wrong type.
type parser struct {
	err   error
	shape shape
}

func (p *parser) wrong(key, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("%s is not %s", key, want)
	}
}

func (p *parser) object(v []byte, key string, each func(key string, v []byte)) {
	if v[space(v, 0)] != '{' {
		p.wrong(key, "an object")
		return
	}
	members(v, func(k string, v []byte) {
		if !isNull(v) {
			each(k, v)
		}
	})
}

func (p *parser) array(v []byte, key string, each func(v []byte)) {
	if v[0] != '[' {
		p.wrong(key, "a list")
		return
	}
	elements(v, each)
}

func (p *parser) raw(v []byte, key string) Text {
	if v[0] != '"' {
		p.wrong(key, "a string")
		return nil
	}
	return bytes.Clone(v)
}

func (p *parser) text(v []byte, key string) string {
	if v[0] != '"' {
		p.wrong(key, "a string")
		return ""
	}
	return Text(v).String()
}

// word is text that is one of few words most of the time, and is then not allocated.
func (p *parser) word(v []byte, key string) string {
	if w, ok := words[string(v)]; ok {
		return w
	}
	return p.text(v, key)
}

var words = func() map[string]string {
	m := map[string]string{}
	for _, w := range []string{
		Execution, Context, Step, Wait, Callback, ChainedInvoke, Start, Succeed, Fail, Retry, Cancel,
		"Step", "Wait", "Callback", "RunInChildContext", "Map", "MapIteration", "Parallel", "ParallelBranch", "WaitForCallback",
		"WaitForCondition", "ChainedInvoke",
	} {
		m[string(Quote(w))] = w
	}
	return m
}()

func (p *parser) number(v []byte, key string) *int64 {
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(string(v), 64)
		if ferr != nil || f != float64(int64(f)) {
			p.wrong(key, "an integer")
			return nil
		}
		n = int64(f)
	}
	return &n
}

func (p *parser) flag(v []byte, key string) *bool {
	if v[0] != 't' && v[0] != 'f' {
		p.wrong(key, "a boolean")
		return nil
	}
	b := v[0] == 't'
	return &b
}

func (p *parser) update(v []byte, at string) (u Update) {
	p.object(v, "Updates", func(key string, v []byte) {
		switch key {
		case "Id":
			u.ID = p.text(v, key)
			p.shape.id(u.ID, at+".id", 64)
		case "ParentId":
			u.ParentID = p.text(v, key)
			p.shape.id(u.ParentID, at+".parentId", 64)
		case "Name":
			u.Name = p.text(v, key)
			p.shape.pattern(u.Name, at+".name", 256, `[\x20-\x7E]+`, func(c byte) bool { return c >= 0x20 && c < 0x7F })
		case "Type":
			u.Type = p.word(v, key)
			p.shape.oneOf(u.Type, at+".type", Execution, Context, Step, Wait, Callback, ChainedInvoke)
		case "SubType":
			u.SubType = p.word(v, key)
			p.shape.id(u.SubType, at+".subType", 32)
		case "Action":
			u.Action = p.word(v, key)
			p.shape.oneOf(u.Action, at+".action", Start, Succeed, Fail, Retry, Cancel)
		case "Payload":
			if u.Payload = p.raw(v, key); u.Payload.Len() > 6291456 {
				p.shape.add(at+".payload", "", "Member must have length less than or equal to 6291456")
			}
		case "Error":
			u.Error = p.errorObject(v)
		default:
			p.options(&u, key, v, at)
		}
	})
	p.shape.required(u.ID, at+".id")
	p.shape.required(u.Type, at+".type")
	p.shape.required(u.Action, at+".action")
	return u
}

func (p *parser) options(u *Update, kind string, v []byte, at string) {
	switch kind {
	case "StepOptions", "WaitOptions", "CallbackOptions", "ContextOptions", "ChainedInvokeOptions":
	default:
		return
	}
	u.StepOptions = u.StepOptions || kind == "StepOptions"
	if kind == "ChainedInvokeOptions" {
		u.Invoke = &Target{}
	}
	p.object(v, kind, func(key string, v []byte) {
		switch kind + "." + key {
		case "ContextOptions.ReplayChildren":
			u.ReplayChildren = p.flag(v, key)
		case "StepOptions.NextAttemptDelaySeconds":
			u.NextAttempt = p.number(v, key)
			p.shape.within(u.NextAttempt, at+".stepOptions.nextAttemptDelaySeconds", 1, 31622400)
		case "WaitOptions.WaitSeconds":
			u.WaitSeconds = p.number(v, key)
			p.shape.within(u.WaitSeconds, at+".waitOptions.waitSeconds", 1, 31622400)
		case "CallbackOptions.TimeoutSeconds":
			u.CallbackTimes[0] = p.shape.within(p.number(v, key), at+".callbackOptions.timeoutSeconds", 0, 99999999)
		case "CallbackOptions.HeartbeatTimeoutSeconds":
			u.CallbackTimes[1] = p.shape.within(p.number(v, key), at+".callbackOptions.heartbeatTimeoutSeconds", 0, 99999999)
		case "ChainedInvokeOptions.FunctionName":
			u.Invoke.FunctionName = p.text(v, key)
			p.shape.function(u.Invoke.FunctionName, at+".chainedInvokeOptions.functionName")
		case "ChainedInvokeOptions.TenantId":
			u.Invoke.TenantID = p.text(v, key)
			p.shape.tenant(u.Invoke.TenantID, at+".chainedInvokeOptions.tenantId")
		}
	})
	if kind == "ChainedInvokeOptions" {
		p.shape.required(u.Invoke.FunctionName, at+".chainedInvokeOptions.functionName")
	}
}
