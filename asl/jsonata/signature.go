package jsonata

import (
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// typeSet is a set of argument types: each letter of a signature stands for one.
type typeSet uint16

const (
	tString typeSet = 1 << iota
	tNumber
	tBool
	tNull
	tObject
	tArray
	tFunction
	tMissing
	tAny = tString | tNumber | tBool | tNull | tObject | tArray | tFunction | tMissing
)

var typeLetters = map[byte]typeSet{'s': tString, 'n': tNumber, 'b': tBool, 'l': tNull, 'o': tObject, 'a': tArray,
	'f': tFunction, 'm': tMissing}

var itemNames = map[string]string{"a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects",
	"s": "strings"}

type param struct {
	types    typeSet
	kind     byte // the letter; '(' for a choice
	subtype  string
	context  bool // takes the context when not supplied
	optional bool
	many     bool
}

// signature checks and completes the arguments of a call, as its text says: <s-n?:s> takes a string, or the context,
// and maybe a number.
type signature struct {
	params  []param
	simple  bool // no parameter takes several arguments
	repeats bool // a parameter that takes several gets the first of them each time, as in 2.0.6
}

func typeOf(v Value) typeSet {
	switch v.Kind() {
	case value.KindString:
		return tString
	case value.KindNumber:
		return tNumber
	case value.KindBool:
		return tBool
	case value.KindNull:
		return tNull
	case value.KindObject:
		return tObject
	case value.KindArray:
		return tArray
	case value.KindExtern:
		return tFunction
	}
	return tMissing
}

// maxParams bounds the parameters of a signature.
const maxParams = 200

// parseSignature reads the text from < to the colon. The position of an error is an offset in the text.
func parseSignature(text string) (*signature, *Error) {
	s := &signature{simple: true}
	last := &param{}
	for i := 1; i < len(text) && text[i] != ':'; i++ {
		c := text[i]
		switch c {
		case 's', 'n', 'b', 'l', 'o':
			s.params = append(s.params, param{types: typeLetters[c] | tMissing, kind: c})
		case 'a':
			s.params = append(s.params, param{types: tAny, kind: c})
		case 'f':
			s.params = append(s.params, param{types: tFunction, kind: c})
		case 'j':
			s.params = append(s.params, param{types: tAny &^ tFunction, kind: c})
		case 'x':
			s.params = append(s.params, param{types: tAny, kind: c})
		case '-':
			last.context, last.optional = true, true
			continue
		case '?':
			last.optional = true
			continue
		case '+':
			last.many, s.simple = true, false
			continue
		case '(':
			end := closing(text, i, '(', ')')
			choice := text[i+1 : end]
			if strings.Contains(choice, "<") {
				return nil, &Error{Code: "S0402", Position: i, Value: value.String(choice)}
			}
			set := tMissing
			for j := range len(choice) {
				set |= typeLetters[choice[j]]
			}
			s.params = append(s.params, param{types: set, kind: c})
			i = end
		case '<':
			end := closing(text, i, '<', '>')
			if last.kind != 'a' && last.kind != 'f' {
				err := &Error{Code: "S0401", Position: i}
				if last.kind != 0 {
					err.Value = value.String(string(last.kind))
				}
				return nil, err
			}
			last.subtype = text[i+1 : end]
			i = end
			continue
		default:
			continue
		}
		last = &s.params[len(s.params)-1]
		if len(s.params) > maxParams {
			return nil, &Error{Code: "U1001", extra: "Stack overflow error: the signature is too long"}
		}
	}
	return s, nil
}

// closing returns the offset of the bracket that closes the one at i, or the length of the text.
func closing(text string, i int, open, shut byte) int {
	for depth := 1; i+1 < len(text); {
		i++
		switch text[i] {
		case shut:
			if depth--; depth == 0 {
				return i
			}
		case open:
			depth++
		}
	}
	return len(text)
}

// check validates args and appends what the function is to be called with to out. The context stands in for a missing
// argument where the signature says so.
func (s *signature) check(args []Value, context Value, out []Value) ([]Value, *Error) {
	if s.simple && len(args) == len(s.params) {
		fits := true
		for i := range args {
			if s.params[i].types&typeOf(args[i]) == 0 {
				fits = false
				break
			}
		}
		if fits {
			for i := range args {
				arg, err := s.params[i].item(args[i], i)
				if err != nil {
					return nil, err
				}
				out = append(out, arg)
			}
			return out, nil
		}
	}
	var room [8]int
	counts := room[:min(len(s.params), len(room))]
	if s.simple && len(s.params) <= len(room) {
		if !s.match(args, 0, counts) {
			return nil, s.mismatch(args)
		}
	} else if counts = s.assign(args); counts == nil {
		return nil, s.mismatch(args)
	}
	next := 0
	for i := range s.params {
		p := &s.params[i]
		if counts[i] == 0 {
			switch {
			case !p.context:
				if next < len(args) {
					out = append(out, args[next])
				} else {
					out = append(out, Value{})
				}
				next++
			case p.types&typeOf(context) != 0:
				out = append(out, context)
			default:
				return nil, failIndex("T0411", context, next+1)
			}
			continue
		}
		for first := next; next < first+counts[i]; next++ {
			from := next
			if s.repeats && p.kind != 'a' {
				from = first
			}
			arg, err := p.item(at(args, from), next)
			if err != nil {
				return nil, err
			}
			out = append(out, arg)
		}
	}
	return out, nil
}

// match assigns as many arguments to each parameter as a greedy pattern would. It is for few parameters that take one
// argument each.
func (s *signature) match(args []Value, i int, counts []int) bool {
	if i == len(s.params) {
		return len(args) == 0
	}
	if p := &s.params[i]; len(args) > 0 && p.types&typeOf(args[0]) != 0 {
		counts[i] = 1
		if s.match(args[1:], i+1, counts) {
			return true
		}
	}
	counts[i] = 0
	return s.params[i].optional && s.match(args, i+1, counts)
}

// assign does what match does for any signature, in time that does not explode; nil tells that nothing fits.
func (s *signature) assign(args []Value) []int {
	size := len(args) + 1
	fits := newBits((len(s.params) + 1) * size) // the parameters from i on match the arguments from n on
	some := newBits((len(s.params) + 1) * size) // the same, where i takes at least one
	fits.set(len(s.params)*size + len(args))
	for i := len(s.params) - 1; i >= 0; i-- {
		p := &s.params[i]
		for n := len(args); n >= 0; n-- {
			at, next := i*size+n, (i+1)*size+n
			if n < len(args) && p.types&typeOf(args[n]) != 0 && (fits.has(next+1) || p.many && some.has(at+1)) {
				some.set(at)
				fits.set(at)
			}
			if p.optional && fits.has(next) {
				fits.set(at)
			}
		}
	}
	if !fits.has(0) {
		return nil
	}
	counts := make([]int, len(s.params))
	n := 0
	for i := range s.params {
		for some.has(i*size+n) && (counts[i] == 0 || s.params[i].many) {
			counts[i]++
			n++
		}
	}
	return counts
}

// bits is a set of small numbers.
type bits []uint64

func newBits(n int) bits { return make(bits, n/64+1) }

func (b bits) set(i int) { b[i/64] |= 1 << (i % 64) }

func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }

// mismatch finds the first argument that does not fit: the one behind the most that the first parameters can take.
func (s *signature) mismatch(args []Value) *Error {
	good := 0
	reached := newBits(len(args) + 1) // by the parameters so far
	reached.set(0)
	for i := range s.params {
		p := &s.params[i]
		now := newBits(len(args) + 1)
		most := -1
		for n := range len(args) + 1 {
			before := n > 0 && p.types&typeOf(args[n-1]) != 0
			if before && (reached.has(n-1) || p.many && now.has(n-1)) || p.optional && reached.has(n) {
				now.set(n)
				most = n
			}
		}
		if most < 0 {
			break
		}
		good, reached = most, now
	}
	err := &Error{Code: "T0410", Index: good + 1}
	if good < len(args) {
		err.Value = args[good]
	}
	return err
}

// item checks the items of an array argument and wraps a single value where an array is wanted.
func (p *param) item(arg Value, at int) (Value, *Error) {
	if p.kind != 'a' {
		return arg, nil
	}
	t := typeOf(arg)
	if t == tMissing {
		return Value{}, nil
	}
	if p.subtype != "" && !p.itemsFit(arg, t) {
		err := failIndex("T0412", arg, at+1)
		err.extra = itemNames[p.subtype]
		return Value{}, err
	}
	if t != tArray {
		return value.Array(arg), nil
	}
	return arg, nil
}

func (p *param) itemsFit(arg Value, t typeSet) bool {
	want := typeLetters[p.subtype[0]]
	if t != tArray {
		return len(p.subtype) == 1 && t == want
	}
	for _, item := range arg.Items() {
		if typeOf(item) != want {
			return false
		}
	}
	return true
}
