package durop

import "strconv"

// Event is a history event that has no number yet.
type Event struct {
	head    []byte // members up to the number
	details []byte // members after it
}

// Append writes the event with its number, in the form GetDurableExecutionHistory returns it.
func (e Event) Append(dst []byte, number uint64) []byte {
	dst = append(dst, e.head...)
	dst = append(dst, `"EventId":`...)
	dst = strconv.AppendUint(dst, number, 10)
	return append(append(dst, e.details...), '}')
}

// Encode is the event as the bytes to store.
func (e Event) Encode(number uint64) []byte {
	return e.Append(make([]byte, 0, len(e.head)+len(e.details)+24), number)
}

func newEvent(typ string, now int64, rest object, details []byte) Event {
	head := sized(96).text("EventType", typ)
	head = AppendSeconds(head.key("EventTimestamp"), now)
	tail := append(append(rest, `,"`...), typ...)
	tail = append(append(tail, `Details":`...), details...)
	return Event{head: append(head, ','), details: tail}
}

// event describes a change of o; it repeats the operation's own members.
func event(typ string, o *Operation, now int64, details []byte) Event {
	size := len(o.ID) + len(o.Name) + len(o.SubType) + len(o.ParentID) + len(typ) + len(details) + 96
	rest := append(sized(size), ',').next("Id", o.ID)
	if o.Name != "" {
		rest = rest.text("Name", o.Name)
	}
	if o.SubType != "" {
		rest = rest.text("SubType", o.SubType)
	}
	if o.ParentID != "" {
		rest = rest.text("ParentId", o.ParentID)
	}
	return newEvent(typ, now, rest, details)
}

// Identity names an execution in its own events.
type Identity struct{ ID, Name string }

func (x Identity) event(typ string, now int64, details object) Event {
	return newEvent(typ, now, append(object{}, ',').next("Id", x.ID).text("Name", x.Name), details.end())
}

// Started is the first event of every execution. timeout is in seconds.
func (x Identity) Started(now int64, input Text, timeout int64) Event {
	return x.event("ExecutionStarted", now, object{}.wrapped("Input", input).number("ExecutionTimeout", timeout))
}

// Closed is the last event of an execution that ended with status.
func (x Identity) Closed(now int64, status string, result Text, err Object) Event {
	switch status {
	case Succeeded:
		return x.event("ExecutionSucceeded", now, object{}.wrapped("Result", result))
	case TimedOut:
		return x.event("ExecutionTimedOut", now, object{}.wrapped("Error", err))
	case Stopped:
		return x.event("ExecutionStopped", now, object{}.wrapped("Error", err))
	}
	return x.event("ExecutionFailed", now, object{}.wrapped("Error", err))
}

// InvocationCompleted is appended when an invocation of the handler ends. err is nil if it ended well.
func InvocationCompleted(now, started, ended int64, request string, err Object) Event {
	d := object{}.raw("StartTimestamp", AppendSeconds(nil, started)).raw("EndTimestamp", AppendSeconds(nil, ended)).text("RequestId", request)
	if err != nil {
		d = d.wrapped("Error", err)
	}
	return newEvent("InvocationCompleted", now, nil, d.end())
}

// Withhold drops the payloads of an event's details, for a reader who did not ask for execution data.
func Withhold(event []byte) []byte {
	out := object{}
	members(event, func(key string, v []byte) {
		if v[0] != '{' {
			out = out.raw(key, v)
			return
		}
		details := object{}
		members(v, func(key string, v []byte) {
			if v[0] == '{' && (key == "Input" || key == "Result" || key == "Error") {
				v = []byte(`{"Truncated":false}`)
			}
			details = details.raw(key, v)
		})
		out = out.raw(key, details.end())
	})
	return out.end()
}

// object builds a JSON object by appending members. Start with sized; the zero value works too.
type object []byte

// sized makes an object with room for so many bytes.
func sized(bytes int) object { return make(object, 0, bytes) }

func (b object) next(key, value string) object { // a member right after an opening or a comma
	b = append(append(append(b, '"'), key...), '"', ':')
	return appendQuoted(b, value)
}

func (b object) key(key string) object {
	if len(b) == 0 {
		b = append(b, '{')
	} else {
		b = append(b, ',')
	}
	return append(append(append(b, '"'), key...), '"', ':')
}

func (b object) raw(key string, v []byte) object { return append(b.key(key), v...) }

func (b object) text(key, v string) object { return appendQuoted(b.key(key), v) }

func (b object) number(key string, v int64) object { return strconv.AppendInt(b.key(key), v, 10) }

// wrapped adds {"Payload":v,"Truncated":false}; nothing is ever truncated here. v is a Text or an Object.
func (b object) wrapped(key string, v []byte) object {
	b = append(b.key(key), '{')
	if v != nil {
		b = append(append(append(b, `"Payload":`...), v...), ',')
	}
	return append(b, `"Truncated":false}`...)
}

func (b object) end() []byte {
	if len(b) == 0 {
		return []byte("{}")
	}
	return append(b, '}')
}

// AppendSeconds writes a time in Unix milliseconds as Unix seconds with milliseconds.
func AppendSeconds(dst []byte, ms int64) []byte {
	dst = strconv.AppendInt(dst, ms/1000, 10)
	if f := ms % 1000; f != 0 {
		dst = append(dst, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
	}
	return dst
}
