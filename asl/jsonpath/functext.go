package jsonpath

import (
	"crypto/md5"  //nolint:gosec // a function of the language
	"crypto/sha1" //nolint:gosec // a function of the language
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/perdure/perdure/asl/value"
)

// maxText is the longest text Base64Encode, Base64Decode and Hash take, in characters.
const maxText = 10_000

// format is States.Format: each "{}" of the template becomes the next argument.
func format(_ *Scope, a []value.Value) (value.Value, error) {
	template, err := textArg("Format", a[0])
	if err != nil {
		return value.Value{}, err
	}
	if strings.Count(template, "{}") != len(a)-1 {
		return value.Value{}, wants("Format", "the number of arguments does not match the occurrences of {}")
	}
	var b []byte
	for _, v := range a[1:] {
		before, after, _ := strings.Cut(template, "{}")
		b = append(b, unescapeText(before)...)
		b = appendJava(b, v)
		template = after
	}
	return value.String(string(append(b, unescapeText(template)...))), nil
}

// appendJava prints v as Java does: {a=1, b=[2]}.
func appendJava(b []byte, v value.Value) []byte {
	switch v.Kind() {
	case value.KindString:
		return append(b, v.Str()...)
	case value.KindArray:
		b = append(b, '[')
		for i, item := range v.Items() {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendJava(b, item)
		}
		return append(b, ']')
	case value.KindObject:
		b = append(b, '{')
		for i, o := 0, v.Object(); i < o.Len(); i++ {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(append(b, o.Key(i)...), '=')
			b = appendJava(b, o.At(i))
		}
		return append(b, '}')
	}
	return v.Append(b)
}

func stringToJSON(_ *Scope, a []value.Value) (value.Value, error) {
	text, err := textArg("StringToJson", a[0])
	if err != nil {
		return value.Value{}, err
	}
	if strings.TrimSpace(text) == "" {
		return value.Null(), nil
	}
	v, err := value.Decode([]byte(text), value.Limits{})
	if err != nil {
		return value.Value{}, wants("StringToJson", err.Error())
	}
	return noNegativeZero(v), nil
}

// noNegativeZero turns a lone -0 into 0, as recorded.
func noNegativeZero(v value.Value) value.Value {
	if i, whole := v.Int64(); v.Kind() == value.KindNumber && whole && i == 0 && strings.TrimLeft(string(v.Append(nil)), "-0") == "" {
		return value.Int(0)
	}
	return v
}

func jsonToString(_ *Scope, a []value.Value) (value.Value, error) {
	return value.String(string(a[0].Append(nil))), nil
}

// stringSplit is States.StringSplit: every character of the second argument is a delimiter, empty pieces are dropped.
func stringSplit(_ *Scope, a []value.Value) (value.Value, error) {
	text, err := textArg("StringSplit", a[0])
	if err != nil {
		return value.Value{}, err
	}
	delimiters, err := textArg("StringSplit", a[1])
	if err != nil {
		return value.Value{}, err
	}
	items := []value.Value{}
	for _, piece := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(delimiters, r) }) {
		items = append(items, value.String(piece))
	}
	return value.Array(items...), nil
}

func shortText(function string, v value.Value) (string, error) {
	text, err := textArg(function, v)
	if err == nil && utf8.RuneCountInString(text) > maxText {
		err = wants(function, "the text is longer than 10,000 characters")
	}
	return text, err
}

func base64Encode(_ *Scope, a []value.Value) (value.Value, error) {
	text, err := shortText("Base64Encode", a[0])
	if err != nil {
		return value.Value{}, err
	}
	return value.String(base64.StdEncoding.EncodeToString([]byte(text))), nil
}

func base64Decode(_ *Scope, a []value.Value) (value.Value, error) {
	text, err := shortText("Base64Decode", a[0])
	if err != nil {
		return value.Value{}, err
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		if data, err = base64.RawStdEncoding.DecodeString(text); err != nil {
			return value.Value{}, wants("Base64Decode", "the text is not Base64")
		}
	}
	return value.String(strings.ToValidUTF8(string(data), "\uFFFD")), nil
}

func hash(_ *Scope, a []value.Value) (value.Value, error) {
	data := a[0].Str()
	if a[0].Kind() != value.KindString {
		data = string(a[0].Append(nil))
	}
	if utf8.RuneCountInString(data) > maxText {
		return value.Value{}, wants("Hash", "the data is longer than 10,000 characters")
	}
	var sum []byte
	switch in := []byte(data); a[1].Str() {
	case "MD5":
		h := md5.Sum(in) //nolint:gosec // a function of the language
		sum = h[:]
	case "SHA-1":
		h := sha1.Sum(in) //nolint:gosec // a function of the language
		sum = h[:]
	case "SHA-256":
		h := sha256.Sum256(in)
		sum = h[:]
	case "SHA-384":
		h := sha512.Sum384(in)
		sum = h[:]
	case "SHA-512":
		h := sha512.Sum512(in)
		sum = h[:]
	default:
		return value.Value{}, wants("Hash", "the algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512")
	}
	return value.String(hex.EncodeToString(sum)), nil
}

func newUUID(s *Scope, _ []value.Value) (value.Value, error) {
	if s.NewID == nil {
		return value.Value{}, wants("UUID", "there is no source of ids here")
	}
	return value.String(s.NewID()), nil
}
