package jsonata

import (
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// parseDate reads a text by a picture; a text that does not match gives undefined. The parts the picture has must be
// contiguous: larger ones it lacks are taken from the time of the evaluation, smaller ones are the least there are.
func (r *run) parseDate(text string, p datePicture) (Value, error) {
	caps, err := r.matchDate(text, p)
	if err != nil || caps == nil {
		return Value{}, err
	}
	found := dateFields{}
	some := false
	for i := range p {
		if d := &p[i]; d.component != "" {
			some = true
			n, defined := d.parse(caps[i], r.program.options.Version)
			found.put(d.component[0], n, defined)
		}
	}
	if !some {
		return Value{}, nil
	}
	ms, bad := found.instant(instantAt(r.millis()))
	if bad != nil {
		return Value{}, bad
	}
	return value.Number(ms), nil
}

// matchDate returns the text of each part, or nil when the text does not match.
func (r *run) matchDate(text string, p datePicture) ([]string, error) {
	var b strings.Builder
	b.WriteByte('^')
	for i := range p {
		pattern, bad := p[i].pattern(r.program.options.Version)
		if bad != nil {
			return nil, bad
		}
		b.WriteString("(" + pattern + ")")
	}
	b.WriteByte('$')
	if err := r.spend(len(text) + 8*b.Len()); err != nil {
		return nil, err
	}
	re, reason := compileRegex(b.String(), "i")
	if re == nil {
		return nil, &Error{Code: "S0303", extra: reason}
	}
	m := newMatcher(r, re, text)
	if ok, err := m.find(0); !ok || err != nil {
		return nil, err
	}
	caps := make([]string, len(p))
	for i := range p {
		if from, to := m.caps[2*i+2], m.caps[2*i+3]; from >= 0 {
			caps[i] = m.in.slice(from, to)
		}
	}
	return caps, nil
}

// pattern is the regular expression a part matches.
func (d *datePart) pattern(version Version) (string, *Error) {
	switch {
	case d.component == "":
		return quoteRegex(d.literal), nil
	case d.component == "Z" || d.component == "z":
		pattern := "[-+][0-9]+"
		if d.component == "z" {
			pattern = "GMT" + pattern
		}
		if d.integer.regular > 0 {
			pattern += quoteRegex(d.integer.marks[0].char) + "[0-9]+"
		}
		return pattern, nil
	case version >= V2_2 && d.component == "f":
		return "[0-9]+", nil
	case d.integer != nil:
		if d.integer.style == sequenceStyle {
			return "", fail("D3130", value.String(d.integer.token))
		}
		return d.integer.pattern(), nil
	case strings.Contains("MxFP", d.component):
		return "[a-zA-Z]+", nil
	}
	return "", fail("D3133", value.String(d.component))
}

func quoteRegex(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(`.*+?^${}()|[]\`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// parse reads the text of a part. A name that is not known leaves the component out, which undefined tells.
func (d *datePart) parse(text string, version Version) (n float64, defined bool) {
	switch {
	case d.component == "Z" || d.component == "z":
		return d.parseZone(strings.TrimPrefix(strings.ToUpper(text), "GMT")), true
	case version >= V2_2 && d.component == "f":
		f, _ := strconv.ParseFloat("0."+text[:min(len(text), 3)], 64)
		return f * 1000, true
	case d.integer != nil:
		return d.integer.parse(text), true
	case d.component == "P":
		i := strings.Index("amAMpmPM", text)
		return float64(i / 4), len(text) == 2 && i >= 0 && i%2 == 0
	}
	names, first := monthNames, 1
	if d.component == "F" {
		names, first = dayNames, 0
	}
	for i := len(names) - 1; i >= 0; i-- { // of equal beginnings the last counts
		name := names[i]
		if d.most > 0 {
			name = name[:min(len(name), clampInt(d.most))]
		}
		if i+first > 0 && name == text {
			return float64(i + first), true
		}
	}
	return 0, false
}

// parseZone is an offset from UTC in minutes.
func (d *datePart) parseZone(text string) float64 {
	var hours, minutes string
	switch {
	case d.integer.regular > 0:
		hours, minutes, _ = strings.Cut(text, d.integer.marks[0].char)
	case len(text) <= 3:
		hours, minutes = text, "0"
	default:
		hours, minutes = text[:3], text[3:]
	}
	return parseInt(hours)*60 + parseInt(minutes)
}

// dateFields are the components found in a text.
type dateFields struct {
	val [128]float64
	has [128]bool
}

func (f *dateFields) put(c byte, n float64, defined bool) { f.val[c&127], f.has[c&127] = n, defined }

// isOf reports whether there are any components, and none but those named, among all.
func (f *dateFields) isOf(all, named string) bool {
	some := false
	for i := range len(all) {
		c := all[i]
		if v := f.val[c]; !f.has[c] || v == 0 || v != v {
			continue
		}
		if strings.IndexByte(named, c) < 0 {
			return false
		}
		some = true
	}
	return some
}

const (
	dateComponents = "YXMxWwdD"
	timeComponents = "PHhmsf"
)

// instant makes an instant of what was found, completed from now.
func (f *dateFields) instant(now instant) (float64, *Error) {
	days := !f.isOf(dateComponents, "YMD") && f.isOf(dateComponents, "Yd")
	weeksOfMonth := f.isOf(dateComponents, "Xxw")
	weeks := !weeksOfMonth && f.isOf(dateComponents, "XW")
	halfDays := !f.isOf(timeComponents, "Hmsf") && f.isOf(timeComponents, "Phmsf")
	date, clock := "YMD", "Hmsf"
	switch {
	case days:
		date = "YD"
	case weeksOfMonth:
		date = "XxwF"
	case weeks:
		date = "XWF"
	}
	if halfDays {
		clock = "Phmsf"
	}
	if err := f.complete(date+clock, now); err != nil {
		return 0, err
	}
	if weeksOfMonth || weeks { // there is no date of a week
		return 0, &Error{Code: "D3136"}
	}
	month, day, hour := max(f.val['M']-1, 0), f.val['D'], f.val['H']
	if !f.has['M'] || f.val['M'] != f.val['M'] {
		month = 0
	}
	if days {
		month, day = 0, f.val['d']
	}
	if halfDays {
		if hour = f.val['h']; hour == 12 {
			hour = 0
		}
		if f.val['P'] == 1 {
			hour += 12
		}
	}
	ms := utcMillis(f.val['Y'], month, day, hour, f.val['m'], f.val['s'], f.val['f'])
	for _, c := range "Zz" {
		if zone := f.val[c]; f.has[c] && zone != 0 && zone == zone {
			return ms - zone*minuteMillis, nil
		}
	}
	return ms, nil
}

// complete fills in the components that are missing before the first and behind the last one found.
func (f *dateFields) complete(order string, now instant) *Error {
	begun, ended := false, false
	for i := range len(order) {
		c := order[i]
		switch {
		case f.has[c] && ended:
			return &Error{Code: "D3136"}
		case f.has[c]:
			begun = true
		case begun:
			ended = true
			f.put(c, 0, true)
			if c == 'M' || c == 'D' || c == 'd' {
				f.val[c] = 1
			}
		default:
			n, _ := now.component(c)
			if c == 'P' { // half a day that is not told is the first
				n = 0
			}
			f.put(c, n, true)
		}
	}
	return nil
}
