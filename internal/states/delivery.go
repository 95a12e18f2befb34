package states

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
)

// delivery is where an execution's events go, by its machine's logging configuration (specification, section 5.12).
type delivery struct {
	level string
	data  bool // with inputs and outputs
	to    host.LogStream
}

// delivery reads the configuration of the execution's revision; nil if nothing is logged.
func (l *live) delivery() *delivery {
	var c loggingConfiguration
	if len(l.record.Logging) == 0 || json.Unmarshal(l.record.Logging, &c) != nil {
		return nil
	}
	if c.Level == nil || *c.Level == "OFF" || len(c.Destinations) == 0 || c.Destinations[0].Group == nil {
		return nil
	}
	a, err := arn.Parse(c.Destinations[0].Group.Arn)
	if err != nil {
		return nil
	}
	info := l.exec.Info()
	group := strings.TrimSuffix(strings.TrimPrefix(a.Resource, "log-group:"), ":*")
	stream := "states/" + info.MachineName + "/" + info.Start.UTC().Format("2006-01-02-15-04") + "/" + definitionHash(info.ID)[:8]
	return &delivery{*c.Level, c.Include, host.LogStream{Region: a.Region, Account: info.Account, Group: group, Stream: stream}}
}

// deliver sends the events of a turn to the machine's log group, once they are durable. A server that is killed right
// then has not logged them; nothing is logged twice.
func (s *Service) deliver(tx engine.Tx, l *live, events [][]byte) {
	if s.logs == nil || len(events) == 0 {
		return
	}
	d := l.delivery()
	if d == nil {
		return
	}
	var lines []host.LogLine
	for _, e := range events {
		v, err := value.Decode(e, value.Limits{})
		if err != nil || !d.wants(v.Get("type").Str()) {
			continue
		}
		at := int64(v.Get("timestamp").Float()*1000 + 0.5)
		lines = append(lines, host.LogLine{Time: at, Text: l.logRecord(v, d.data, at)})
	}
	if len(lines) > 0 {
		tx.AfterCommit(func() { s.logs.Log(d.to, lines) })
	}
}

// wants tells whether events of a type are logged at the level.
func (d *delivery) wants(typ string) bool {
	fatal := []string{"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"}
	switch d.level {
	case "ALL":
		return true
	case "FATAL":
		return slices.Contains(fatal, typ)
	}
	return typ == "FailStateEntered" || slices.ContainsFunc([]string{"Failed", "TimedOut", "Aborted"}, func(end string) bool {
		return strings.HasSuffix(typ, end)
	})
}

// logRecord is an event as it is logged.
func (l *live) logRecord(e value.Value, data bool, at int64) string {
	details := value.NewObject(4)
	o := e.Object()
	for i := range o.Len() {
		if !strings.HasSuffix(o.Key(i), "EventDetails") {
			continue
		}
		inner := o.At(i).Object()
		for j := range inner.Len() {
			if name := inner.Key(j); data || !slices.Contains([]string{"input", "inputDetails", "output", "outputDetails"}, name) {
				details.Set(name, inner.At(j))
			}
		}
	}
	m := &members{}
	text := func(name, v string) { m.text(name, &v) }
	text("id", e.Get("id").Text())
	text("type", e.Get("type").Str())
	m.raw("details", value.FromObject(details).Text())
	text("previous_event_id", e.Get("previousEventId").Text())
	text("event_timestamp", itoa(int(at)))
	text("execution_arn", l.record.Arn)
	text("redrive_count", itoa(l.record.Redrives))
	return string(m.done())
}
