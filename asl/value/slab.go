package value

import "unsafe"

// Slabs trade a little retention (a value keeps its slab alive) for far fewer allocations. They grow with the text and
// stay small, so that one kept string never holds a large document.
const (
	maxSlab  = 128     // items, members or objects
	maxText  = 4 << 10 // bytes
	maxKeyed = 32      // longest member name worth remembering
)

func (d *decoder) carveItems(src []Value) []Value {
	n := len(src)
	if n > len(d.items) {
		if n >= maxSlab {
			return append(make([]Value, 0, n), src...)
		}
		d.items = make([]Value, max(n, d.slab(24)))
	}
	out := d.items[:n:n]
	d.items = d.items[n:]
	copy(out, src)
	return out
}

func (d *decoder) carveMembers(src []member) []member {
	n := len(src)
	if n > len(d.members) {
		if n >= maxSlab {
			return append(make([]member, 0, n), src...)
		}
		d.members = make([]member, max(n, d.slab(16)))
	}
	out := d.members[:n:n]
	d.members = d.members[n:]
	copy(out, src)
	return out
}

// reserve gives the room for an object of n members before they are read, nil if it is better gathered first.
func (d *decoder) reserve(n int) []member {
	if n == 0 || n >= hashFrom {
		return nil
	}
	if n > len(d.members) {
		d.members = make([]member, max(n, d.slab(16)))
	}
	out := d.members[:0:n]
	d.members = d.members[n:]
	return out
}

func (d *decoder) carveObject() *Object {
	if len(d.objects) == 0 {
		d.objects = make([]Object, d.slab(80))
	}
	o := &d.objects[0]
	d.objects = d.objects[1:]
	return o
}

// slab guesses how many more will be needed: one for every so many bytes left.
func (d *decoder) slab(bytesEach int) int {
	return min(1+(len(d.s)-d.i)/bytesEach, maxSlab)
}

// keep copies text out of the caller's bytes.
func (d *decoder) keep(text string) string {
	n := len(text)
	if n == 0 {
		return ""
	}
	if n > cap(d.text)-len(d.text) {
		if n >= maxText/4 {
			return string([]byte(text))
		}
		d.text = make([]byte, 0, max(n, min(maxText, n+(len(d.s)-d.i)/2)))
	}
	at := len(d.text)
	d.text = append(d.text, text...)
	return unsafe.String(&d.text[at], n)
}

// key is keep for member names, which repeat: the same name shares its bytes.
func (d *decoder) key(text string) string {
	n := len(text)
	if n == 0 || n > maxKeyed {
		return d.keep(text)
	}
	h := (uint32(n)*31+uint32(text[0]))*31 + uint32(text[n-1])*7 + uint32(text[n/2])
	slot := &d.keys[h%uint32(len(d.keys))]
	if *slot != text {
		*slot = d.keep(text)
	}
	return *slot
}
