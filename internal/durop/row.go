package durop

import (
	"encoding/json"
	"errors"
	"strconv"
)

// rowFormat stamps every row; it changes when the meaning of a member does.
const rowFormat = 1

// Row encodes an operation as it is kept: a JSON object with short names that Load reads back. Zero members are left out.
//
//	v format  i index  id, p parent, n name  t type  y subtype  s status  b began  e ended  r result  l bytes apart
//	x error  a attempt  d due  k replay children  c callback id  h heartbeat  g heartbeat due  o timeout  u changed  w served
func (o *Operation) Row() []byte {
	b := append(make(object, 0, 256+len(o.Result)+len(o.Error)), `{"v":1`...)
	b = b.number("i", int64(o.Index)).text("id", o.ID)
	for _, m := range []struct{ key, value string }{
		{"p", o.ParentID}, {"n", o.Name}, {"t", o.Type}, {"y", o.SubType}, {"s", o.Status}, {"c", o.CallbackID},
	} {
		if m.value != "" {
			b = b.text(m.key, m.value)
		}
	}
	for _, m := range []struct {
		key   string
		value int64
	}{
		{"b", o.Start}, {"e", o.End}, {"l", int64(o.Apart)}, {"a", int64(o.Attempt)}, {"d", o.Due}, {"h", o.Heartbeat},
		{"g", o.HeartbeatDue}, {"o", o.Timeout}, {"u", int64(o.Changed)}, {"w", int64(o.Served)},
	} {
		if m.value != 0 {
			b = b.number(m.key, m.value)
		}
	}
	if o.ReplayChildren {
		b = b.raw("k", []byte("true"))
	}
	if o.Result != nil {
		b = b.raw("r", o.Result)
	}
	if o.Error != nil {
		b = b.raw("x", o.Error)
	}
	return b.end()
}

// Load reads a row.
func Load(row []byte) (*Operation, error) {
	if len(row) == 0 || row[0] != '{' || !json.Valid(row) {
		return nil, errors.New("operation row is not a JSON object")
	}
	o := &Operation{}
	var format int64
	members(row, func(key string, v []byte) {
		if v[0] == '"' {
			o.loadText(key, v)
			return
		}
		n, _ := strconv.ParseInt(string(v), 10, 64)
		switch key {
		case "v":
			format = n
		case "k":
			o.ReplayChildren = v[0] == 't'
		case "x":
			o.Error = append(Object(nil), v...)
		default:
			o.loadNumber(key, n)
		}
	})
	if format != rowFormat || o.ID == "" || o.Type == "" {
		return nil, errors.New("operation row has format " + strconv.FormatInt(format, 10) + ", this version reads " + strconv.Itoa(rowFormat))
	}
	return o, nil
}

func (o *Operation) loadText(key string, v []byte) {
	s := Text(v)
	switch key {
	case "id":
		o.ID = s.String()
	case "p":
		o.ParentID = s.String()
	case "n":
		o.Name = s.String()
	case "t":
		o.Type = s.String()
	case "y":
		o.SubType = s.String()
	case "s":
		o.Status = s.String()
	case "c":
		o.CallbackID = s.String()
	case "r":
		o.Result = append(Text(nil), v...)
	}
}

func (o *Operation) loadNumber(key string, n int64) {
	switch key {
	case "i":
		o.Index = int(n)
	case "b":
		o.Start = n
	case "e":
		o.End = n
	case "l":
		o.Apart = int(n)
	case "a":
		o.Attempt = int(n)
	case "d":
		o.Due = n
	case "h":
		o.Heartbeat = n
	case "g":
		o.HeartbeatDue = n
	case "o":
		o.Timeout = n
	case "u":
		o.Changed = uint64(n)
	case "w":
		o.Served = uint64(n)
	}
}
