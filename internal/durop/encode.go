package durop

// Form is how times are written: Unix seconds with a fraction in answers of the API, whole Unix milliseconds in the event
// that a handler is given (section 3.1).
type Form bool

// The two forms.
const (
	Seconds Form = false
	Millis  Form = true
)

func (f Form) time(b object, key string, ms int64) object {
	if f == Millis {
		return b.number(key, ms)
	}
	return AppendSeconds(b.key(key), ms)
}

// ResultOf gives an operation's result, wherever it is kept.
type ResultOf func(*Operation) (Text, error)

// Inline is the ResultOf for operations of which no result is kept apart.
func Inline(o *Operation) (Text, error) { return o.Result, nil }

// AppendOperation writes an operation as the API shows it (section 4.4): absent members are left out.
func AppendOperation(dst []byte, o *Operation, f Form, result Text) []byte {
	size := len(result) + len(o.Error)
	b := sized(size+384).text("Id", o.ID)
	if o.ParentID != "" {
		b = b.text("ParentId", o.ParentID)
	}
	if o.Name != "" {
		b = b.text("Name", o.Name)
	}
	b = b.text("Type", o.Type)
	if o.SubType != "" {
		b = b.text("SubType", o.SubType)
	}
	b = f.time(b, "StartTimestamp", o.Start)
	if o.End != 0 {
		b = f.time(b, "EndTimestamp", o.End)
	}
	b = b.text("Status", o.Status)
	b = b.raw(detailsOf(o.Type), o.details(f, result, size))
	return append(dst, b.end()...)
}

func detailsOf(typ string) string {
	switch typ {
	case Context:
		return "ContextDetails"
	case Step:
		return "StepDetails"
	case Wait:
		return "WaitDetails"
	case Callback:
		return "CallbackDetails"
	}
	return "ChainedInvokeDetails"
}

func (o *Operation) details(f Form, result Text, size int) []byte {
	d := sized(size + 128)
	switch o.Type {
	case Context:
		if o.ReplayChildren {
			d = d.raw("ReplayChildren", []byte("true"))
		}
	case Step:
		d = d.number("Attempt", int64(o.Attempt))
		if o.Status == Pending {
			d = f.time(d, "NextAttemptTimestamp", o.Due)
		}
	case Wait:
		return f.time(d, "ScheduledEndTimestamp", o.Due).end()
	case Callback:
		d = d.text("CallbackId", o.CallbackID)
	}
	if result != nil {
		d = d.raw("Result", result)
	}
	if o.Error != nil {
		d = d.raw("Error", o.Error)
	}
	return d.end()
}

// AppendExecution writes the EXECUTION operation, always the first a handler sees (section 3.2).
func AppendExecution(dst []byte, x Identity, started int64, input Text, f Form) []byte {
	b := object{}.text("Id", x.ID).text("Type", Execution).text("Name", x.Name).text("Status", Started)
	b = f.time(b, "StartTimestamp", started)
	d := object{}
	if input != nil {
		d = d.raw("InputPayload", input)
	}
	return append(dst, b.raw("ExecutionDetails", d.end()).end()...)
}

// Page is a run of operations as JSON, "[...]", and the index from which the next page goes on, -1 if this is the last.
type Page struct {
	Operations []byte
	Next       int
}

// Limits of a page. First, if not nil, is the EXECUTION operation and counts as one.
type Limits struct {
	Items int // at least 1
	Bytes int // a page ends before it would grow beyond, but always has one operation
	First []byte
}

// Collect writes those of ops from index from on.
func Collect(ops []*Operation, from int, f Form, lim Limits, result ResultOf) (Page, error) {
	out, items := append(make([]byte, 0, 512), '['), 0
	if lim.First != nil {
		out, items = append(out, lim.First...), 1
	}
	for _, o := range ops {
		if o.Index < from {
			continue
		}
		if items > 0 && (items == lim.Items || len(out)+max(len(o.Result), o.Apart)+len(o.Error) > lim.Bytes) {
			return Page{append(out, ']'), o.Index}, nil
		}
		text, err := result(o)
		if err != nil {
			return Page{}, err
		}
		if items > 0 {
			out = append(out, ',')
		}
		out = AppendOperation(out, o, f, text)
		items++
	}
	return Page{append(out, ']'), -1}, nil
}

// Visible lists the operations that a handler needs: descendants of a finished context are left out, but the direct
// children of one that asked to replay them are not (section 3.3).
func (s *State) Visible() []*Operation {
	shown := make([]*Operation, 0, len(s.Ops))
	hidden := make(map[string]bool)
	for _, o := range s.Ops {
		if p := s.byID[o.ParentID]; p != nil && (hidden[p.ID] || p.Terminal() && !p.ReplayChildren) {
			hidden[o.ID] = true
			continue
		}
		shown = append(shown, o)
	}
	return shown
}

// AppendIDs writes ids as a JSON list.
func AppendIDs(dst []byte, ids []string) []byte {
	dst = append(dst, '[')
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, id)
	}
	return append(dst, ']')
}
