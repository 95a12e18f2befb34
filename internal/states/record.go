package states

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// Kinds of entity.
const (
	kindStandard = 'm'
	kindExpress  = 'x'
	kindQueue    = 'q'
	kindRun      = 'r'
)

// recordPart is the part that holds the record.
const recordPart = "@"

// record is what the service keeps of an execution beside the rows of asl. It is written at the start and changes little.
type record struct {
	revision
	Arn      string    `json:"arn"`
	Machine  string    `json:"machine"`         // ARN, without qualifier; labelled for a map run's child
	Version  string    `json:"v,omitempty"`     // ARN
	Alias    string    `json:"a,omitempty"`     // ARN
	Trace    string    `json:"trace,omitempty"` // traceHeader
	Case     string    `json:"case,omitempty"`  // of the mock configuration
	Express  bool      `json:"express,omitempty"`
	Sync     bool      `json:"sync,omitempty"`
	Watchers []watcher `json:"watchers,omitempty"`
	Child    *childOf  `json:"child,omitempty"`
	Redrives int       `json:"redrives,omitempty"`
	Redriven int64     `json:"redriven,omitempty"`
	Tokens   []once    `json:"tokens,omitempty"`  // of redrives, the last ten
	Request  string    `json:"request,omitempty"` // id of the request that started it
}

// watcher is a .sync task that waits for the execution's end.
type watcher struct {
	Parent store.ID `json:"parent"`
	Key    string   `json:"key"`
	Text   bool     `json:"text"` // .sync: input and output are texts in the result
}

// childOf says which map run an execution is a child of.
type childOf struct {
	Parent store.ID `json:"parent"`
	State  string   `json:"state"` // the Map state, for its processor
	Run    string   `json:"run"`   // key of the map run
	Arn    string   `json:"arn"`   // of the map run
	Index  int      `json:"index"`
	Items  int      `json:"items"`

	Attempt int      `json:"attempt,omitempty"` // redrives of the run before
	Wants   asl.Want `json:"wants,omitempty"`   // what the run needs to know of the end
}

// once remembers a client token of RedriveExecution.
type once struct {
	Token string `json:"t"`
	At    int64  `json:"at"`
}

// headData is the service's own part of a head, for lists.
type headData struct {
	Version  string `json:"v,omitempty"` // qualifiers, not ARNs
	Alias    string `json:"a,omitempty"`
	Redrives int    `json:"r,omitempty"`
	Redriven int64  `json:"t,omitempty"`
	MapRun   string `json:"m,omitempty"` // ARN
	Items    int    `json:"n,omitempty"`
	ID       string `json:"x,omitempty"` // of an express child
}

func (r *record) headData() []byte {
	h := headData{Version: qualifier(r.Version), Alias: qualifier(r.Alias), Redrives: r.Redrives, Redriven: r.Redriven}
	if r.Child != nil {
		h.MapRun, h.Items = r.Child.Arn, r.Child.Items
		if r.Express {
			h.ID = qualifier(r.Arn)
		}
	}
	b, _ := json.Marshal(h)
	return b
}

func qualifier(machine string) string {
	if machine == "" {
		return ""
	}
	return machine[strings.LastIndexByte(machine, ':')+1:]
}

// entity is the id of an execution.
func entity(e arn.Execution) store.ID {
	machine := e.Machine
	if e.Label != "" {
		machine += "/" + e.Label
	}
	if e.Express() && e.Label != "" {
		return store.ID(key(string(rune(kindStandard)), e.Region, e.Account, machine, e.Name, e.ID))
	}
	if e.Express() {
		return store.ID(key(string(rune(kindExpress)), e.Region, e.Account, machine, e.Name, e.ID))
	}
	return store.ID(key(string(rune(kindStandard)), e.Region, e.Account, machine, e.Name))
}

// owner is what executions of a machine are listed by.
func owner(m arn.StateMachine) string {
	if m.Label != "" {
		return key(m.Region, m.Account, m.Name, m.Label)
	}
	return machineKey(m)
}

// live is an execution in memory: the record and the interpreter's state.
type live struct {
	record record
	exec   *asl.Exec
}

// load finds the execution of tx in memory or makes it of its parts.
func (s *Service) load(tx engine.Tx) (*live, error) {
	if l, ok := tx.State().(*live); ok {
		return l, nil
	}
	l := &live{}
	if err := json.Unmarshal(tx.Part(recordPart), &l.record); err != nil {
		return nil, fmt.Errorf("the record of %s cannot be read: %w", tx.ID(), err)
	}
	m, err := s.program(&l.record)
	if err != nil {
		return nil, err
	}
	if l.exec, err = asl.Load(m, s.limits, tx.Parts); err != nil {
		return nil, fmt.Errorf("%s cannot be loaded: %w", tx.ID(), err)
	}
	tx.SetState(l, l.size())
	return l, nil
}

func (l *live) size() int { return 512 + l.exec.Size() }

// save writes the record.
func (l *live) save(tx engine.Tx) error {
	data, err := json.Marshal(&l.record)
	if err != nil {
		return err
	}
	tx.Put(recordPart, data)
	tx.Head().Data = l.record.headData()
	return nil
}
