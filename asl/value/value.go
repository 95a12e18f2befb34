// Package value is the JSON value model of the pure ring: what the States Language interpreter, JSONPath and JSONata
// compute with. It promises four things encoding/json does not:
//
//   - undefined (the zero Value) is distinct from null;
//   - object members keep the order of their first insertion;
//   - numbers keep the digits they were written with until arithmetic touches them, so 1.0 stays 1.0 and
//     12345678901234567890 stays exact through any number of states;
//   - decoding is one pass over the bytes, bounded in depth and size, and encoding uses no reflection.
//
// A Value is 24 bytes and cheap to copy. It is immutable once shared: nobody may modify a slice given to Array, a slice
// got from Items, or an *Object that another holder can see. Under that rule values are safe for concurrent use.
//
// Strings are Go strings. A lone UTF-16 surrogate (only reachable through a \u escape) is held in its three-byte
// generalised UTF-8 form and encoded as a \u escape again; every other decoded string is valid UTF-8.
//
// Read next: decode.go (the grammar), number.go (digits), object.go (members).
package value

import "unsafe"

// Kind tells what a Value is.
type Kind uint8

// The kinds. KindExtern never comes out of Decode: see Extern.
const (
	KindUndefined Kind = iota
	KindNull
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
	KindExtern
)

// String names the kind as JavaScript and AWS do: "boolean", "number", "undefined", and "function" for KindExtern.
func (k Kind) String() string {
	switch k {
	case KindNull:
		return "null"
	case KindBool:
		return "boolean"
	case KindNumber:
		return "number"
	case KindString:
		return "string"
	case KindArray:
		return "array"
	case KindObject:
		return "object"
	case KindExtern:
		return "function"
	}
	return "undefined"
}

// Value is one JSON value, or undefined when zero.
type Value struct {
	p    unsafe.Pointer // string bytes, first array item, *Object, digits of a number, or *any
	n    uint64         // string or array length, float bits, 0 or 1 of a boolean
	meta uint64         // from the low end: kind (8 bits), tags (8), and above auxShift the length of the digits p points to
}

// The fields are three, as the compiler keeps structs of more than four in memory and these belong into registers.
const (
	tagShift = 8
	auxShift = 32
)

// Null returns the JSON null.
func Null() Value { return Value{meta: uint64(KindNull)} }

// Bool returns a boolean.
func Bool(b bool) Value {
	v := Value{meta: uint64(KindBool)}
	if b {
		v.n = 1
	}
	return v
}

// String returns a string value.
func String(s string) Value {
	return Value{p: unsafe.Pointer(unsafe.StringData(s)), n: uint64(len(s)), meta: uint64(KindString)}
}

// Array returns an array of the items. It takes the slice over: the caller must not modify it afterwards.
func Array(items ...Value) Value {
	return Value{p: unsafe.Pointer(unsafe.SliceData(items)), n: uint64(len(items)), meta: uint64(KindArray)}
}

// FromObject returns the object as a value; the caller must not modify it once the value is shared. A nil object gives
// undefined.
func FromObject(o *Object) Value {
	if o == nil {
		return Value{}
	}
	return Value{p: unsafe.Pointer(o), meta: uint64(KindObject)}
}

// Extern wraps something that is not JSON, such as a function of a query language, so that it can travel among values.
// It has no JSON text: encoding treats it as undefined.
func Extern(x any) Value { return Value{p: unsafe.Pointer(&x), meta: uint64(KindExtern)} }

// Kind returns what v is.
func (v Value) Kind() Kind { return Kind(v.meta) }

// IsUndefined reports whether v is the zero Value.
func (v Value) IsUndefined() bool { return v.Kind() == KindUndefined }

// IsNull reports whether v is the JSON null.
func (v Value) IsNull() bool { return v.Kind() == KindNull }

// Bool returns the boolean, or false when v is of another kind.
func (v Value) Bool() bool { return v.Kind() == KindBool && v.n != 0 }

// Str returns the string, or "" when v is of another kind.
func (v Value) Str() string {
	if v.Kind() != KindString {
		return ""
	}
	return unsafe.String((*byte)(v.p), int(v.n))
}

// Len returns the number of items of an array or members of an object, and 0 for every other kind.
func (v Value) Len() int {
	switch v.Kind() {
	case KindArray:
		return int(v.n)
	case KindObject:
		return (*Object)(v.p).Len()
	}
	return 0
}

// Index returns item i of an array. It is undefined when v is not an array or i is out of range.
func (v Value) Index(i int) Value {
	if v.Kind() != KindArray || uint64(i) >= v.n {
		return Value{}
	}
	return unsafe.Slice((*Value)(v.p), int(v.n))[i]
}

// Items returns the items of an array, nil for other kinds. The slice must not be modified.
func (v Value) Items() []Value {
	if v.Kind() != KindArray {
		return nil
	}
	return unsafe.Slice((*Value)(v.p), int(v.n))
}

// Object returns the object, or nil when v is of another kind. It must not be modified.
func (v Value) Object() *Object {
	if v.Kind() != KindObject {
		return nil
	}
	return (*Object)(v.p)
}

// Get returns the member of an object: undefined when absent or when v is not an object.
func (v Value) Get(key string) Value {
	if v.Kind() != KindObject {
		return Value{}
	}
	o := (*Object)(v.p)
	if i := o.find(key); i >= 0 {
		return o.members[i].val
	}
	return Value{}
}

// Walk takes member after member for as long as there are names and what is reached is an object. It returns what it
// reached and the number of names it used up.
func (v Value) Walk(names []string) (Value, int) {
	at := &v
	for i, name := range names {
		if at.Kind() != KindObject {
			return *at, i
		}
		o := (*Object)(at.p)
		j := o.find(name)
		if j < 0 {
			return Value{}, len(names)
		}
		at = &o.members[j].val
	}
	return *at, len(names)
}

// Has reports whether v is an object with such a member.
func (v Value) Has(key string) bool {
	if v.Kind() != KindObject {
		return false
	}
	_, ok := (*Object)(v.p).Get(key)
	return ok
}

// Ext returns what Extern wrapped, or nil when v is of another kind.
func (v Value) Ext() any {
	if v.Kind() != KindExtern {
		return nil
	}
	return *(*any)(v.p)
}

// Tags returns the bits a query language hung on this copy of the value. They are no part of the value: decoding gives
// none, equality and encoding do not look at them.
func (v Value) Tags() uint8 { return uint8(v.meta >> tagShift) }

// WithTags returns v with exactly these bits.
func (v Value) WithTags(tags uint8) Value {
	v.meta = v.meta&^(0xff<<tagShift) | uint64(tags)<<tagShift
	return v
}
