package asl

import (
	"encoding/json"
	"testing"

	"github.com/perdure/perdure/asl/value"
)

func TestItemsInTextAreThoseOfTheDecodedArray(t *testing.T) {
	for _, text := range []string{
		`[]`, ` [ ] `, `[[]]`, `[{}]`, `[1]`, `[ 1 , 2 ]`, `["a,b","]","\"","\\",""]`, "[\n{\"a\":[1,{\"b\":\"}\"}]}\n,\tnull,[[],[2,3]],true]\n", `[""]`,
	} {
		l, ok := encodedItems([]byte(text))
		v, err := value.Decode([]byte(text), value.Limits{})
		if !ok || err != nil {
			t.Fatalf("%s: %v, %v", text, ok, err)
		}
		if l.len() != v.Len() {
			t.Errorf("%s: %d items", text, l.len())
			continue
		}
		for i := range v.Len() {
			if got, f := l.input(i); f != nil || got.Text() != v.Index(i).Text() {
				t.Errorf("%s: item %d is %s", text, i, got.Text())
			}
		}
	}
}

func TestTextThatHasNoItemsIsRefused(t *testing.T) {
	for _, text := range []string{``, ` `, `1`, `"a"`, `null`, `[1`, `[1,]`, `{"a":1`, `[1] 2`} {
		if _, ok := encodedItems([]byte(text)); ok {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzItems(f *testing.F) {
	f.Add([]byte(`[1,"a,\"",[2],{"b":[]}]`))
	f.Add([]byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, ok := encodedItems(text)
		if !ok {
			return
		}
		var list []json.RawMessage
		if json.Unmarshal(text, &list) == nil && l.len() != len(list) {
			t.Fatalf("%q has %d items, not %d", text, len(list), l.len())
		}
		for i := range l.len() {
			l.input(i)
		}
	})
}
