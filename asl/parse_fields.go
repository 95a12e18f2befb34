package asl

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// maxSeconds is the largest number of seconds a field may hold.
const maxSeconds = 99999999

// fields reads the members of one object of a definition and reports those that are wrong.
type fields struct {
	p    *parser
	o    *value.Object
	at   string
	lang Language
}

func (f fields) has(name string) bool { _, ok := f.o.Get(name); return ok }

func (f fields) get(name string) value.Value { v, _ := f.o.Get(name); return v }

// only reports members that are not in names.
func (f fields) only(names map[string]bool) {
	for i := range f.o.Len() {
		if !names[f.o.Key(i)] {
			at := f.at
			if at == "" {
				at = "/"
			}
			f.p.schema("Field '"+f.o.Key(i)+"' is not supported", at)
		}
	}
}

// required reports a missing member.
func (f fields) required(names ...string) fields {
	for _, name := range names {
		if !f.has(name) {
			f.p.schema("These fields are required: ["+name+"]", f.at)
		}
	}
	return f
}

// exclusive reports members that exclude each other.
func (f fields) exclusive(names ...string) {
	n := 0
	for _, name := range names {
		if f.has(name) {
			n++
		}
	}
	if n > 1 {
		f.p.schema("Only one of the fields ["+strings.Join(names, ", ")+"] is allowed", f.at)
	}
}

func (f fields) wrong(name, kind string) {
	f.p.schema("Expected value of type ["+kind+"]", f.at+"/"+name)
}

// The following read a member of one type. ok is false if it is missing or wrong; what is wrong is reported.

func (f fields) text(name string) (s string, ok bool) {
	v := f.get(name)
	if v.IsUndefined() {
		return "", false
	}
	if v.Kind() != value.KindString {
		f.wrong(name, "STRING")
		return "", false
	}
	return v.Str(), true
}

func (f fields) boolean(name string) (b, ok bool) {
	v := f.get(name)
	if v.IsUndefined() {
		return false, false
	}
	if v.Kind() != value.KindBool {
		f.wrong(name, "BOOLEAN")
		return false, false
	}
	return v.Bool(), true
}

func (f fields) object(name string) (*value.Object, bool) {
	v := f.get(name)
	if v.IsUndefined() {
		return nil, false
	}
	if v.Kind() != value.KindObject {
		f.wrong(name, "OBJECT")
		return nil, false
	}
	return v.Object(), true
}

func (f fields) array(name string) ([]value.Value, bool) {
	v := f.get(name)
	if v.IsUndefined() {
		return nil, false
	}
	if v.Kind() != value.KindArray {
		f.wrong(name, "ARRAY")
		return nil, false
	}
	return v.Items(), true
}

func (f fields) integer(name string, lo, hi int64) (int64, bool) {
	v := f.get(name)
	if v.IsUndefined() {
		return 0, false
	}
	n, exact := v.Int64()
	if v.Kind() != value.KindNumber || !exact {
		f.wrong(name, "INTEGER")
		return 0, false
	}
	return n, f.within(name, float64(n), float64(lo), float64(hi))
}

func (f fields) number(name string, lo, hi float64) (float64, bool) {
	v := f.get(name)
	if v.IsUndefined() {
		return 0, false
	}
	if v.Kind() != value.KindNumber {
		f.wrong(name, "NUMBER")
		return 0, false
	}
	return v.Float(), f.within(name, v.Float(), lo, hi)
}

func (f fields) within(name string, n, lo, hi float64) bool {
	if n < lo {
		f.p.schema("Minimum value is "+strconv.FormatFloat(lo, 'f', -1, 64), f.at+"/"+name)
		return false
	}
	if n > hi && !math.IsInf(hi, 1) {
		f.p.schema("Maximum value is "+strconv.FormatFloat(hi, 'f', -1, 64), f.at+"/"+name)
		return false
	}
	return true
}

// oneOf reads a text that must be one of the given words.
func (f fields) oneOf(name string, words ...string) (string, bool) {
	s, ok := f.text(name)
	if ok && !slices.Contains(words, s) {
		f.p.schema("Value should be one of the following: ["+strings.Join(words, ", ")+"]", f.at+"/"+name)
		return "", false
	}
	return s, ok
}

// stateFields are the members each type of state has, by query language (spec section 1.2).
var stateFields = func() map[StateType]map[string]Language {
	const flow = "Next End Assign "
	table := map[StateType][3]string{ // in both languages, in JSONPath only, in JSONata only
		TaskState: {flow + "Retry Catch Resource Credentials TimeoutSeconds HeartbeatSeconds",
			"InputPath OutputPath Parameters ResultSelector ResultPath TimeoutSecondsPath HeartbeatSecondsPath",
			"Arguments Output"},
		ParallelState: {flow + "Retry Catch Branches", "InputPath OutputPath Parameters ResultSelector ResultPath", "Arguments Output"},
		MapState: {flow + "Retry Catch ItemProcessor Iterator ItemSelector MaxConcurrency ToleratedFailureCount " +
			"ToleratedFailurePercentage Label ItemReader ItemBatcher ResultWriter",
			"InputPath OutputPath Parameters ResultSelector ResultPath ItemsPath MaxConcurrencyPath " +
				"ToleratedFailureCountPath ToleratedFailurePercentagePath", "Items Output"},
		PassState:    {flow, "InputPath OutputPath Parameters Result ResultPath", "Output"},
		WaitState:    {flow + "Seconds Timestamp", "InputPath OutputPath SecondsPath TimestampPath", "Output"},
		ChoiceState:  {"Assign Choices Default", "InputPath OutputPath", "Output"},
		SucceedState: {"", "InputPath OutputPath", "Output"},
		FailState:    {"Error Cause", "ErrorPath CausePath", ""},
	}
	out := map[StateType]map[string]Language{}
	for typ, row := range table {
		m := map[string]Language{"Type": "", "Comment": "", "QueryLanguage": ""}
		for i, lang := range []Language{"", JSONPath, JSONata} {
			for _, name := range strings.Fields(row[i]) {
				m[name] = lang
			}
		}
		out[typ] = m
	}
	return out
}()

// known reports members that the state's type does not have, and, unless mixed, those of the other language.
func (f fields) known(known map[string]Language, mixed bool) {
	for i := range f.o.Len() {
		name := f.o.Key(i)
		lang, ok := known[name]
		switch {
		case !ok:
			f.p.schema("Field '"+name+"' is not supported", f.at)
		case lang != "" && lang != f.lang && !mixed:
			f.p.schema("The QueryLanguage is set to '"+string(f.lang)+"', but field '"+name+
				"' is only supported for the '"+string(lang)+"' QueryLanguage", f.at)
		}
	}
}
