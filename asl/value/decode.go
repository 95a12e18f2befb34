package value

import (
	"fmt"
	"sync"
	"unsafe"
)

// Limits bounds what Decode accepts. A zero field means its default.
type Limits struct {
	Depth int // nesting of arrays and objects; 1000
	Bytes int // length of the text; 64 MiB
}

const (
	defaultDepth = 1000
	defaultBytes = 64 << 20
)

// SyntaxError is what Decode answers on text that is not JSON or is over a limit.
type SyntaxError struct {
	Offset int    // in bytes from the start
	Reason string // a sentence without capital or full stop
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at offset %d: %s", e.Offset, e.Reason)
}

// Decode reads one JSON text (RFC 8259, nothing more lenient). Of members with the same name the last value wins, at the
// first one's place. Surrogate pairs in escapes are joined, lone ones kept; bytes that are not UTF-8 become U+FFFD. The
// value shares no memory with data. Every error is a *SyntaxError.
func Decode(data []byte, l Limits) (Value, error) {
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Bytes <= 0 {
		l.Bytes = defaultBytes
	}
	if len(data) > l.Bytes {
		return Value{}, &SyntaxError{l.Bytes, fmt.Sprintf("the text has %d bytes, the limit is %d", len(data), l.Bytes)}
	}
	d := pool.Get().(*decoder)
	d.s, d.i, d.depth = unsafe.String(unsafe.SliceData(data), len(data)), 0, l.Depth
	v, err := d.document()
	d.release()
	return v, err
}

// decoder reads one text. Items and members are gathered on two stacks and copied out in their exact number when their
// array or object closes; an object that is likely to be like the one before is gathered in place. Strings, items and
// members are carved from slabs to save allocations.
type decoder struct {
	s     string // aliases the caller's bytes: nothing that outlives the call may point into it
	i     int
	depth int // levels left
	vals  []Value
	mems  []member

	last    [8][]member // of the latest object at each level: the next is likely to have the same names
	scratch []byte      // of a string with escapes
	used    int         // the most the stacks have held
	text    []byte
	items   []Value
	members []member
	objects []Object
	keys    [64]string
}

var pool = sync.Pool{New: func() any { return new(decoder) }}

// release forgets everything that belongs to the decoded value and keeps the stacks for the next text.
func (d *decoder) release() {
	const keep = 4096
	if cap(d.vals) > keep || cap(d.mems) > keep {
		d.vals, d.mems = nil, nil
	}
	if cap(d.scratch) > keep {
		d.scratch = nil
	}
	used := max(d.used, len(d.vals), len(d.mems)) // after an error they are as they were
	clear(d.vals[:min(used, cap(d.vals))])
	clear(d.mems[:min(used, cap(d.mems))])
	*d = decoder{vals: d.vals[:0], mems: d.mems[:0], scratch: d.scratch[:0]}
	pool.Put(d)
}

func (d *decoder) document() (Value, error) {
	d.space()
	v, err := d.value()
	if err != nil {
		return Value{}, err
	}
	d.space()
	if d.i < len(d.s) {
		return Value{}, d.fail("the text should have ended")
	}
	return v, nil
}

func (d *decoder) fail(reason string) error {
	if d.i >= len(d.s) {
		d.i, reason = len(d.s), reason+", but the text ends"
	}
	return &SyntaxError{d.i, reason}
}

func (d *decoder) space() {
	for d.i < len(d.s) && d.s[d.i] <= ' ' {
		switch d.s[d.i] {
		case ' ', '\n', '\t', '\r':
			d.i++
		default:
			return
		}
	}
}

func (d *decoder) value() (Value, error) {
	if d.i >= len(d.s) {
		return Value{}, d.fail("a value was expected")
	}
	switch c := d.s[d.i]; {
	case c == '"':
		s, err := d.string(false)
		return String(s), err
	case c == '{':
		return d.object()
	case c == '[':
		return d.array()
	case c == '-' || c-'0' <= 9:
		return d.number()
	case c == 't':
		return d.word("true", Bool(true))
	case c == 'f':
		return d.word("false", Bool(false))
	case c == 'n':
		return d.word("null", Null())
	}
	return Value{}, d.fail("a value was expected")
}

func (d *decoder) word(w string, v Value) (Value, error) {
	if len(d.s)-d.i < len(w) || d.s[d.i:d.i+len(w)] != w {
		return Value{}, d.fail("a value was expected")
	}
	d.i += len(w)
	return v, nil
}

func (d *decoder) number() (Value, error) {
	rest := d.s[d.i:]
	f, n, err := scanNumber(rest)
	if err != nil {
		d.i += n
		return Value{}, d.fail(err.Error())
	}
	d.i += n
	text := rest[:n]
	if n <= 15 && f != 0 && f == float64(int64(f)) && plainInt(text) {
		return Number(f), nil
	}
	if text == "0" {
		return Number(0), nil
	}
	return digits(d.keep(text), f), nil
}

func plainInt(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == '.' || c == 'e' || c == 'E' {
			return false
		}
	}
	return true
}

func (d *decoder) enter() error {
	if d.depth--; d.depth < 0 {
		return &SyntaxError{d.i, "arrays and objects are nested too deep"}
	}
	d.i++
	d.space()
	return nil
}

func (d *decoder) array() (Value, error) {
	if err := d.enter(); err != nil {
		return Value{}, err
	}
	if d.i < len(d.s) && d.s[d.i] == ']' {
		d.i++
		d.depth++
		return Array(), nil
	}
	base := len(d.vals)
	for {
		v, err := d.value()
		if err != nil {
			return Value{}, err
		}
		d.vals = append(d.vals, v)
		d.space()
		if d.i >= len(d.s) {
			return Value{}, d.fail("a comma or ] was expected")
		}
		c := d.s[d.i]
		if c == ']' {
			break
		}
		if c != ',' {
			return Value{}, d.fail("a comma or ] was expected")
		}
		d.i++
		d.space()
	}
	d.i++
	d.depth++
	d.used = max(d.used, len(d.vals))
	items := d.carveItems(d.vals[base:])
	d.vals = d.vals[:base]
	return Array(items...), nil
}

func (d *decoder) object() (Value, error) {
	if err := d.enter(); err != nil {
		return Value{}, err
	}
	o := d.carveObject()
	if d.i < len(d.s) && d.s[d.i] == '}' {
		d.i++
		d.depth++
		return FromObject(o), nil
	}
	base := len(d.mems)
	last := &d.last[uint(d.depth)%uint(len(d.last))]
	like := *last
	direct := d.reserve(len(like))
	same, verbatim := true, true // the names are those expected; and are written as they are
	for n := 0; ; n++ {
		if d.i >= len(d.s) || d.s[d.i] != '"' {
			return Value{}, d.fail("a member name in quotes was expected")
		}
		var key string
		if n < len(like) && d.expect(like[n].key) {
			key = like[n].key
		} else {
			from := d.i + 1
			var err error
			if key, err = d.string(true); err != nil {
				return Value{}, err
			}
			same = false
			verbatim = verbatim && d.s[from:d.i-1] == key
		}
		if d.space(); d.i >= len(d.s) || d.s[d.i] != ':' {
			return Value{}, d.fail("a colon was expected")
		}
		d.i++
		d.space()
		v, err := d.value()
		if err != nil {
			return Value{}, err
		}
		if len(direct) < cap(direct) {
			direct = append(direct, member{key, v})
		} else {
			d.mems = append(append(d.mems, direct...), member{key, v})
			direct = nil
		}
		if d.space(); d.i >= len(d.s) {
			return Value{}, d.fail("a comma or } was expected")
		}
		c := d.s[d.i]
		if c == '}' {
			break
		}
		if c != ',' {
			return Value{}, d.fail("a comma or } was expected")
		}
		d.i++
		d.space()
	}
	d.i++
	d.depth++
	d.close(o, base, direct, same)
	if *last = nil; verbatim {
		*last = o.members
	}
	return FromObject(o), nil
}

// close gives the object its members: those gathered in place, of which same tells that no name is repeated, or those
// on the stack from base on.
func (d *decoder) close(o *Object, base int, direct []member, same bool) {
	switch {
	case direct == nil:
		d.used = max(d.used, len(d.mems))
		d.fill(o, d.mems[base:])
		d.mems = d.mems[:base]
	case same:
		o.members = direct[:len(direct):len(direct)]
	default:
		o.members = distinct(direct)
	}
}

// expect reads the name at d.i if it is this one, which must have been read before from a text that is the name itself.
func (d *decoder) expect(name string) bool {
	rest := d.s[d.i+1:]
	if len(rest) <= len(name) || rest[len(name)] != '"' || rest[:len(name)] != name {
		return false
	}
	d.i += len(name) + 2
	return true
}

// distinct leaves one member of each name, in place: the first one with the last one's value.
func distinct(found []member) []member {
	n := 0
next:
	for i := range found {
		for j := range n {
			if found[j].key == found[i].key {
				found[j].val = found[i].val
				continue next
			}
		}
		if n != i {
			found[n] = found[i]
		}
		n++
	}
	return found[:n:n]
}

// fill moves the gathered members into o; a repeated name replaces the earlier value.
func (d *decoder) fill(o *Object, found []member) {
	if len(found) < hashFrom {
		o.members = d.carveMembers(distinct(found))
		return
	}
	index := make(map[string]int32, len(found))
	n := 0
	for i := range found {
		if j, ok := index[found[i].key]; ok {
			found[j].val = found[i].val
			continue
		}
		index[found[i].key] = int32(n)
		found[n] = found[i]
		n++
	}
	o.members = d.carveMembers(found[:n])
	if n >= hashFrom {
		o.index = index
	}
}
