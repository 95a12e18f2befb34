package lambda

import (
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/durop"
)

const (
	executionsPath = "/2025-12-01/durable-executions/"
	callbacksPath  = "/2025-12-01/durable-execution-callbacks/{CallbackId}/"
)

// Operations lists the API of durable executions (section 6).
func (d *Durable) Operations() []api.Operation {
	const mib = 1 << 20
	ops := []api.Operation{
		{Name: "CheckpointDurableExecution", Method: "POST", Path: "/checkpoint", MaxBody: 24 * mib, Handle: d.checkpointOperation},
		{Name: "GetDurableExecutionState", Method: "GET", Path: "/state", Handle: d.stateOperation},
		{Name: "GetDurableExecution", Method: "GET", Handle: d.getOperation},
		{Name: "GetDurableExecutionHistory", Method: "GET", Path: "/history", Handle: d.historyOperation},
		{Name: "StopDurableExecution", Method: "POST", Path: "/stop", Handle: d.stopOperation},
		{Name: "DeleteDurableExecution", Method: "DELETE", Status: 202, Handle: d.deleteOperation},
	}
	// Clients percent-encode the ARN into one segment, but "/" may also arrive as it is.
	for i := range ops[:len(ops):len(ops)] {
		plain := ops[i]
		plain.Path = executionsPath + "{Function}/durable-execution/{Name}/{Id}" + plain.Path
		ops[i].Path = executionsPath + "{DurableExecutionArn}" + ops[i].Path
		ops = append(ops, plain)
	}
	return append(ops,
		api.Operation{
			Name: "ListDurableExecutionsByFunction", Method: "GET",
			Path: "/2025-12-01/functions/{FunctionName}/durable-executions", Handle: d.listOperation,
		},
		api.Operation{
			Name: "SendDurableExecutionCallbackSuccess", Method: "POST", Path: callbacksPath + "succeed", Handle: d.callbackSuccess,
		},
		api.Operation{
			Name: "SendDurableExecutionCallbackFailure", Method: "POST", Path: callbacksPath + "fail", Handle: d.callbackFailure,
		},
		api.Operation{
			Name: "SendDurableExecutionCallbackHeartbeat", Method: "POST", Path: callbacksPath + "heartbeat", Handle: d.callbackHeartbeat,
		},
	)
}

// executionParam reads the execution's ARN from the path.
func executionParam(r *api.Request) (arn.DurableExecution, error) {
	s, ok := r.Path["DurableExecutionArn"]
	if !ok {
		s = r.Path["Function"] + "/durable-execution/" + r.Path["Name"] + "/" + r.Path["Id"]
	}
	a, ok := arn.ParseDurableExecution(s)
	if !ok {
		return a, validation(s, "durableExecutionArn", "Member must satisfy regular expression pattern: "+arn.DurableExecutionPattern)
	}
	if a.Account != r.Account {
		return a, errNoExecution
	}
	return a, nil
}

// errNoExecution answers for an execution that does not exist, or not any more.
var errNoExecution = &api.Error{Code: "ResourceNotFoundException", Message: "Durable Execution does not exist", Status: 404, Upper: true}

// entityAccount is the account in an entity's id.
func entityAccount(id string) string {
	w := strings.SplitN(id, "/", 4)
	if len(w) < 4 {
		return ""
	}
	return w[2]
}

// maxItems reads the page size: 100 unless it is given as 1..1000.
func maxItems(r *api.Request) (int, error) {
	s := r.Query.Get("MaxItems")
	if s == "" {
		return 100, nil
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, api.Errorf("SerializationException", "MaxItems is not an integer")
	case n < 0:
		return 0, validation(s, "maxItems", "Member must have value greater than or equal to 0")
	case n > 1000:
		return 0, validation(s, "maxItems", "Member must have value less than or equal to 1000")
	case n == 0:
		return 100, nil
	}
	return n, nil
}

// flag reads a boolean of the query.
func flag(r *api.Request, key string, unset bool) (bool, error) {
	switch s := r.Query.Get(key); s {
	case "":
		return unset, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return false, api.Errorf("SerializationException", "%s is not a boolean", key)
	}
}

// instant reads a time of the query in Unix milliseconds, 0 if it is absent.
func instant(r *api.Request, key string) (int64, error) {
	s := r.Query.Get(key)
	if s == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, api.Errorf("SerializationException", "%s is not a date-time", key)
	}
	return t.UnixMilli(), nil
}

// fields builds an answer member by member.
type fields struct{ b []byte }

func (f *fields) raw(key string, v []byte) {
	if len(f.b) == 0 {
		f.b = append(f.b, '{')
	} else {
		f.b = append(f.b, ',')
	}
	f.b = append(append(append(append(f.b, '"'), key...), `":`...), v...)
}

func (f *fields) text(key, v string) { f.raw(key, durop.Quote(v)) }

func (f *fields) time(key string, ms int64) { f.raw(key, durop.AppendSeconds(nil, ms)) }

func (f *fields) end() []byte {
	if len(f.b) == 0 {
		return []byte("{}")
	}
	return append(f.b, '}')
}
