package states

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
)

type historyIn struct {
	Arn     *string `json:"executionArn"`
	Reverse bool    `json:"reverseOrder"`
	Include *bool   `json:"includeExecutionData"`
	pageIn
}

// history is GetExecutionHistory. Events are kept as they are answered, so that they are only strung together here.
func (s *Service) history(ctx context.Context, r *api.Request) (*api.Response, error) {
	var in historyIn
	if len(r.Body) > 0 {
		if err := json.Unmarshal(r.Body, &in); err != nil {
			return nil, api.Serialization(err)
		}
	}
	var c constraints
	c.need("executionArn", in.Arn, 1, maxLongArn)
	c.page(in.Max, in.Token, maxToken)
	if err := c.err(); err != nil {
		return nil, err
	}
	e, err := executionArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	data := in.Include == nil || *in.Include
	scope := "history|" + *in.Arn + "|" + strconv.FormatBool(in.Reverse) + strconv.FormatBool(data)
	after, err := pageAfter(scope, in.Token)
	if err != nil {
		return nil, err
	}
	h, err := s.engine.Store().Head(ctx, entity(e))
	if isNotFound(err) {
		return nil, errNoExecution(*in.Arn)
	}
	if err != nil {
		return nil, err
	}
	from := uint64(1)
	if in.Reverse {
		from = h.Events
	}
	if after != "" {
		if from, err = strconv.ParseUint(after, 10, 64); err != nil {
			return nil, errPageToken()
		}
	}
	size := pageSize(in.Max)
	list, err := s.engine.Store().History(ctx, h.ID, from, size, in.Reverse)
	if err != nil {
		return nil, err
	}
	var next *string
	switch last := from + uint64(len(list)); {
	case len(list) < size:
	case !in.Reverse && last <= h.Events:
		next = nextPage(scope, strconv.FormatUint(last, 10))
	case in.Reverse && from > uint64(len(list)):
		next = nextPage(scope, strconv.FormatUint(from-uint64(len(list)), 10))
	}
	return &api.Response{Body: historyBody(list, next, data)}, nil
}

func historyBody(events [][]byte, next *string, data bool) []byte {
	size := 64
	for _, e := range events {
		size += len(e) + 1
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	b.WriteString(`{"events":[`)
	for i, e := range events {
		if i > 0 {
			b.WriteByte(',')
		}
		if !data {
			e = withoutData(e)
		}
		b.Write(e)
	}
	b.WriteByte(']')
	if next != nil {
		b.WriteString(`,"nextToken":` + quote(*next))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// withoutData is an event without the members that hold execution data.
func withoutData(event []byte) []byte {
	v, err := value.Decode(event, value.Limits{})
	if err != nil || v.Object() == nil {
		return event
	}
	out := v.Object().Clone()
	for i := range out.Len() {
		o := out.At(i).Object()
		if o == nil {
			continue
		}
		o = o.Clone()
		for _, name := range []string{"input", "inputDetails", "output", "outputDetails"} {
			o.Delete(name)
		}
		out.Set(out.Key(i), value.FromObject(o))
	}
	return value.FromObject(out).Append(nil)
}
