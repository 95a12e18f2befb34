package asl

import (
	"encoding/json"

	"github.com/perdure/perdure/asl/value"
)

// itemList is what a Map state goes over. What a map run has read stays text, of which items are decoded one by one when
// their child begins: 100,000 decoded ones would be in memory for as long as the run lasts.
type itemList struct {
	whole value.Value // array or object; undefined: see text
	text  []byte      // a JSON array
	ends  []uint32    // of its items in text; each begins one byte behind the one before
}

// decodedItems are those of an array or object.
func decodedItems(v value.Value) itemList { return itemList{whole: v} }

// encodedItems are those of the text of an array or object, which is kept; ok is false if it is something else.
func encodedItems(text []byte) (l itemList, ok bool) {
	start := 0
	for start < len(text) && text[start] <= ' ' {
		start++
	}
	if start == len(text) || text[start] != '[' {
		v, err := value.Decode(text, value.Limits{Bytes: maxRow})
		if err != nil || v.Kind() != value.KindObject {
			return l, false
		}
		return decodedItems(v), true
	}
	if len(text) > maxRow || !json.Valid(text) {
		return l, false
	}
	text = text[start:]
	return itemList{text: text, ends: itemEnds(text)}, true
}

// itemEnds finds the ends of the items of a valid array.
func itemEnds(text []byte) []uint32 {
	var ends []uint32
	depth, quoted, some := 0, false, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted, some = !quoted, true
		case quoted:
		case c == '[' || c == '{':
			some = some || depth > 0
			depth++
		case c == ']' || c == '}':
			depth--
			if depth == 0 && some {
				ends = append(ends, uint32(i))
			}
		case c == ',' && depth == 1:
			ends = append(ends, uint32(i))
		case c > ' ':
			some = true
		}
	}
	return ends
}

func (l *itemList) defined() bool { return l.text != nil || !l.whole.IsUndefined() }

func (l *itemList) len() int {
	if l.text != nil {
		return len(l.ends)
	}
	return l.whole.Len()
}

// json is the list as it is stored.
func (l *itemList) json() []byte {
	if l.text != nil {
		return l.text
	}
	return l.whole.JSON()
}

// at is the n'th item and, in an object, its key.
func (l *itemList) at(n int) (key string, item value.Value, err error) {
	switch {
	case l.text != nil:
		start := uint32(1)
		if n > 0 {
			start = l.ends[n-1] + 1
		}
		item, err = value.Decode(l.text[start:l.ends[n]], value.Limits{})
		return "", item, err
	case l.whole.Kind() == value.KindObject:
		return l.whole.Object().Key(n), l.whole.Object().At(n), nil
	}
	return "", l.whole.Index(n), nil
}

// keyed tells whether items have keys.
func (l *itemList) keyed() bool { return l.whole.Kind() == value.KindObject }

// context is $$.Map.Item of the n'th item.
func (l *itemList) context(n int, source string) (value.Value, *failure) {
	key, item, err := l.at(n)
	if err != nil {
		return value.Value{}, unreadable(err)
	}
	o := value.NewObject(4)
	o.Set("Index", value.Int(int64(n)))
	o.Set("Value", item)
	if l.keyed() {
		o.Set("Key", value.String(key))
	}
	if source != "" {
		o.Set("Source", value.String(source))
	}
	return value.FromObject(o), nil
}

// input is what an iteration gets without an ItemSelector. Of an object that is a pair (spec section 10, point 5).
func (l *itemList) input(n int) (value.Value, *failure) {
	key, item, err := l.at(n)
	if err != nil {
		return value.Value{}, unreadable(err)
	}
	if !l.keyed() {
		return item, nil
	}
	o := value.NewObject(2)
	o.Set("Key", value.String(key))
	o.Set("Value", item)
	return value.FromObject(o), nil
}

func unreadable(err error) *failure {
	cause := err.Error()
	return &failure{name: text(readerError), cause: &cause}
}
