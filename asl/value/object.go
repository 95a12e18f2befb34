package value

// hashFrom is the number of members from which an object keeps a hash of its keys. Below it a linear scan wins.
const hashFrom = 12

type member struct {
	key string
	val Value
}

// Object is the members of a JSON object in the order of their first insertion. The zero Object is empty and ready.
// It may be modified only as long as nobody else can see it.
type Object struct {
	members []member
	index   map[string]int32 // nil below hashFrom members
}

// NewObject returns an empty object with room for capacity members.
func NewObject(capacity int) *Object {
	o := &Object{}
	if capacity > 0 {
		o.members = make([]member, 0, capacity)
	}
	return o
}

// ObjectOf returns an object of the keys, which must differ, and the values in the same places; members whose value is
// undefined are left out. It keeps neither slice.
func ObjectOf(keys []string, vals []Value) *Object {
	var o *Object
	if len(keys) <= 4 { // one allocation for the object and its members
		x := new(struct {
			Object
			room [4]member
		})
		o = &x.Object
		o.members = x.room[:0:len(keys)]
	} else {
		o = NewObject(len(keys))
	}
	for i, key := range keys {
		if vals[i].Kind() != KindUndefined {
			o.members = append(o.members, member{key, vals[i]})
		}
	}
	o.reindex()
	return o
}

// Len returns the number of members. A nil object has none.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.members)
}

// Key returns the name of member i, counted from 0.
func (o *Object) Key(i int) string { return o.members[i].key }

// At returns the value of member i, counted from 0.
func (o *Object) At(i int) Value { return o.members[i].val }

func (o *Object) find(key string) int {
	if o == nil {
		return -1
	}
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return int(i)
		}
		return -1
	}
	if key == "" {
		for i := range o.members {
			if o.members[i].key == "" {
				return i
			}
		}
		return -1
	}
	end := len(key) - 1
	last := key[end] // names of the same length mostly differ in it, which saves comparing them
	for i := range o.members {
		if k := o.members[i].key; len(k) == end+1 && k[end] == last && k == key {
			return i
		}
	}
	return -1
}

// Get returns the member and whether it is there.
func (o *Object) Get(key string) (Value, bool) {
	if i := o.find(key); i >= 0 {
		return o.members[i].val, true
	}
	return Value{}, false
}

// Set adds the member at the end, or replaces its value where it is.
func (o *Object) Set(key string, v Value) {
	if i := o.find(key); i >= 0 {
		o.members[i].val = v
		return
	}
	o.members = append(o.members, member{key, v})
	switch {
	case o.index != nil:
		o.index[key] = int32(len(o.members) - 1)
	case len(o.members) >= hashFrom:
		o.reindex()
	}
}

func (o *Object) reindex() {
	o.index = nil
	if len(o.members) < hashFrom {
		return
	}
	o.index = make(map[string]int32, len(o.members))
	for i := range o.members {
		o.index[o.members[i].key] = int32(i)
	}
}

// Delete removes the member if it is there; the others keep their order.
func (o *Object) Delete(key string) {
	i := o.find(key)
	if i < 0 {
		return
	}
	o.members = append(o.members[:i], o.members[i+1:]...)
	o.reindex()
}

// Clone returns an object of its own with the same members. The values are shared, which is safe: they are immutable.
func (o *Object) Clone() *Object {
	c := NewObject(o.Len() + 1)
	if o != nil {
		c.members = append(c.members, o.members...)
		c.reindex()
	}
	return c
}
