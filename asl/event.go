package asl

import (
	"strconv"
	"time"

	"github.com/perdure/perdure/asl/value"
)

// event appends one history event and returns its number. details are written by the given functions, one member each;
// none at all: the event has no details member.
func (x *Exec) event(typ string, prev uint64, details string, members ...member) uint64 {
	if x.limits.Events > 0 && x.last+1 >= uint64(x.limits.Events) && !x.closing {
		x.overflow = true
		return x.last
	}
	x.last++
	b := make([]byte, 0, 256)
	b = append(b, `{"timestamp":`...)
	b = appendSeconds(b, x.now)
	b = append(b, `,"type":"`...)
	b = append(b, typ...)
	b = append(b, `","id":`...)
	b = strconv.AppendUint(b, x.last, 10)
	b = append(b, `,"previousEventId":`...)
	b = strconv.AppendUint(b, prev, 10)
	if details != "" {
		b = append(b, `,"`...)
		b = append(b, details...)
		b = append(b, `EventDetails":{`...)
		comma := false
		for _, m := range members {
			if m.skip {
				continue
			}
			if comma {
				b = append(b, ',')
			}
			comma = true
			b = append(b, '"')
			b = append(b, m.name...)
			b = append(b, `":`...)
			b = m.append(b)
		}
		b = append(b, '}')
	}
	x.d.Events = append(x.d.Events, append(b, '}'))
	x.spent += len(b) / bytesOfTransition
	return x.last
}

// appendSeconds writes a time as seconds since 1970 with milliseconds.
func appendSeconds(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	b = strconv.AppendInt(b, ms/1000, 10)
	b = append(b, '.')
	frac := ms % 1000
	return append(b, byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10))
}

// member is one member of an event's details.
type member struct {
	name string
	text string
	num  int64
	kind memberKind
	skip bool
}

type memberKind uint8

const (
	memberText memberKind = iota
	memberNumber
	memberRaw
)

func (m member) append(b []byte) []byte {
	switch m.kind {
	case memberNumber:
		return strconv.AppendInt(b, m.num, 10)
	case memberRaw:
		return append(b, m.text...)
	}
	return value.String(m.text).Append(b)
}

func str(name, s string) member       { return member{name: name, text: s} }
func num(name string, n int64) member { return member{name: name, num: n, kind: memberNumber} }

// some is a text that may be missing.
func some(name string, s *string) member {
	if s == nil {
		return member{skip: true}
	}
	return str(name, *s)
}

// positive is a number that is left out when it is 0.
func positive(name string, n int64) member {
	if n <= 0 {
		return member{skip: true}
	}
	return num(name, n)
}

var untruncated = [2]member{
	{name: "inputDetails", text: `{"truncated":false}`, kind: memberRaw},
	{name: "outputDetails", text: `{"truncated":false}`, kind: memberRaw},
}

var (
	inputDetails  = untruncated[0]
	outputDetails = untruncated[1]
)

// assigned are the members of StateExited that tell of variables.
func assigned(vars *value.Object) (names, details member) {
	if vars.Len() == 0 {
		return member{skip: true}, member{skip: true}
	}
	o := value.NewObject(vars.Len())
	for i := range vars.Len() {
		o.Set(vars.Key(i), value.String(vars.At(i).Text()))
	}
	return member{name: "assignedVariables", text: value.FromObject(o).Text(), kind: memberRaw},
		member{name: "assignedVariablesDetails", text: `{"truncated":false}`, kind: memberRaw}
}
