package jsonata

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/perdure/perdure/asl/value"
)

func (b *builtins) addDates() {
	b.add("now", "<s?s?:s>", 2, 0, fnNow)
	b.add("millis", "<:n>", 0, 0, fnMillis)
	b.add("fromMillis", "<n-s?s?:s>", 3, 3, fnFromMillis)
	b.add("toMillis", "<s-s?:n>", 2, 2, fnToMillis)
	b.add("formatInteger", "<n-s:s>", 2, 2, fnFormatInteger)
	b.add("parseInteger", "<s-s:n>", 2, 2, fnParseInteger)
}

func fnNow(r *run, args []Value) (Value, error) { return r.formatDate(r.millis(), args[0], args[1]) }

func fnMillis(r *run, _ []Value) (Value, error) { return value.Number(r.millis()), nil }

func fnFromMillis(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	return r.formatDate(args[0].Float(), args[1], args[2])
}

func fnToMillis(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	text := args[0].Str()
	if args[1].IsUndefined() {
		if err := r.burn(len(text) >> 6); err != nil {
			return Value{}, err
		}
		ms, ok := isoMillis(text)
		if !ok {
			return Value{}, fail("D3110", args[0])
		}
		return value.Number(ms), nil
	}
	p, err := r.datePicture(args[1].Str())
	if err != nil {
		return Value{}, err
	}
	return r.parseDate(text, p)
}

// isoShape is what $toMillis accepts without a picture, isoDate what has a meaning.
var (
	isoShape = regexp.MustCompile(`^\d{4}(-[01]\d)*(-[0-3]\d)*(T[0-2]\d:[0-5]\d:[0-5]\d)*(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?$`)
	isoDate  = regexp.MustCompile(`^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(?:Z|(([+-])(\d\d):?(\d\d)))?$`)
)

// isoMillis reads the forms of ISO 8601 that JavaScript's Date does: a year, maybe a month and a day, maybe a time and
// with it a zone, UTC if there is none. ok tells whether the text looks like one; one that only looks so is not a number.
func isoMillis(s string) (ms float64, ok bool) {
	if !isoShape.MatchString(s) {
		return 0, false
	}
	m := isoDate.FindStringSubmatch(s)
	if m == nil || m[4] == "" && m[9] != "" {
		return math.NaN(), true
	}
	number := func(text string, missing int) int {
		if text == "" {
			return missing
		}
		n, _ := strconv.Atoi(text)
		return n
	}
	year, month, day := number(m[1], 0), number(m[2], 1), number(m[3], 1)
	hour, minute, second := number(m[5], 0), number(m[6], 0), number(m[7], 0)
	milli := number((m[8] + "000")[:3], 0)
	zoneHour, zoneMinute := number(m[11], 0), number(m[12], 0)
	late := hour > 24 || hour == 24 && minute+second+milli > 0
	if month < 1 || month > 12 || day < 1 || day > 31 || late || zoneHour > 23 {
		return math.NaN(), true
	}
	zone := zoneHour*60 + zoneMinute
	if m[10] == "-" {
		zone = -zone
	}
	t := time.Date(year, time.Month(month), day, hour, minute-zone, second, milli*1e6, time.UTC)
	return float64(t.UnixMilli()), true
}
