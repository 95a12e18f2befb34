package states

import (
	"strconv"
	"time"
)

// stamp is a time in Unix milliseconds, answered as seconds with a fraction.
type stamp int64

func stampOf(t time.Time) stamp { return stamp(t.UnixMilli()) }

// MarshalJSON is the wire's form: 1700000000.123.
func (s stamp) MarshalJSON() ([]byte, error) {
	b := strconv.AppendInt(nil, int64(s)/1000, 10)
	ms := int64(s) % 1000
	return append(b, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10)), nil
}

// when is a stamp that is left out when it is zero.
func when(ms int64) *stamp {
	if ms == 0 {
		return nil
	}
	s := stamp(ms)
	return &s
}

// iso is the time as it appears inside data: ISO 8601 with milliseconds.
func iso(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
