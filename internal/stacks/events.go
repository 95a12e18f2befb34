package stacks

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/perdure/perdure/internal/store"
)

const stackType = "AWS::CloudFormation::Stack"

func (o *operation) stackEvent(status, reason string) eventDoc {
	return eventDoc{Resource: o.st.Name, Physical: o.st.ID, Type: stackType, Status: status, Reason: reason}
}

func (o *operation) event(r *resource, status, reason string) eventDoc {
	return eventDoc{Resource: r.ID, Physical: r.PhysicalID, Type: r.Type, Status: status, Reason: reason}
}

// eventDocs numbers and dates events. Times rise strictly, by a millisecond at least: clients sort by them.
func (o *operation) eventDocs(events []eventDoc) ([]store.Doc, error) {
	var docs []store.Doc
	for _, e := range events {
		e.Token = o.st.Token
		if o.st.Op != nil {
			e.Op = o.st.Op.ID
		}
		d, err := o.s.eventDoc(o.st, e)
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// eventDoc gives an event its number and time, and counts it.
func (s *Service) eventDoc(st *stack, e eventDoc) (store.Doc, error) {
	st.Events++
	st.LastEvent = max(st.LastEvent+1, s.cfg.Now().UnixMilli())
	e.Time = st.LastEvent
	e.ID = s.cfg.NewID()
	if e.Type != stackType {
		e.ID = e.Resource + "-" + e.Status + "-" + e.ID
	}
	b, err := json.Marshal(&e)
	return store.Doc{Space: spaceEvent, Key: eventKey(st, st.Events), Value: b}, err
}

func eventKey(st *stack, number uint64) string { return fmt.Sprintf("%s/%012d", st.uuid(), number) }

// countEvents finds the last event, since the stack's own count is only written with the stack.
func (o *operation) countEvents(ctx context.Context) error {
	for {
		docs, err := o.s.cfg.Store.Docs(ctx, spaceEvent, o.st.uuid()+"/", eventKey(o.st, o.st.Events), 500)
		if err != nil || len(docs) == 0 {
			return err
		}
		var last eventDoc
		if err := json.Unmarshal(docs[len(docs)-1].Value, &last); err != nil {
			return err
		}
		o.st.Events += uint64(len(docs))
		o.st.LastEvent = last.Time
	}
}
