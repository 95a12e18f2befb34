package jsonata

import (
	"math"
	"slices"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// $formatNumber follows the picture strings of XPath's format-number: an optional second sub-picture for negative
// numbers, a mantissa with grouping and an optional exponent.

// symbols are the characters a picture is made of.
type symbols struct {
	decimal, grouping, exponent, minus, percent, permille, zero, digit, separator string
	family                                                                        []string // zero to nine
}

func symbolsOf(options *value.Object) symbols {
	get := func(name, standard string) string {
		if v, ok := options.Get(name); ok {
			return v.Str()
		}
		return standard
	}
	s := symbols{decimal: get("decimal-separator", "."), grouping: get("grouping-separator", ","),
		exponent: get("exponent-separator", "e"), minus: get("minus-sign", "-"), percent: get("percent", "%"),
		permille: get("per-mille", "‰"), zero: get("zero-digit", "0"), digit: get("digit", "#"),
		separator: get("pattern-separator", ";")}
	first, _, _ := decodeUnit(s.zero)
	for i := range rune(10) {
		s.family = append(s.family, string(first+i))
	}
	return s
}

func (s *symbols) isDigit(ch string) bool { return slices.Contains(s.family, ch) }

func (s *symbols) isActive(ch string) bool {
	return s.isDigit(ch) || ch == s.decimal || ch == s.exponent || ch == s.grouping || ch == s.digit || ch == s.separator
}

// countDigits counts the mandatory digits in a part of a picture, and the optional ones too if asked.
func (s *symbols) countDigits(part string, optional bool) int {
	n := 0
	for _, c := range part {
		if ch := string(c); s.isDigit(ch) || optional && ch == s.digit {
			n++
		}
	}
	return n
}

// subPicture is one sub-picture taken apart and analysed.
type subPicture struct {
	text, prefix, suffix, active, mantissa, exponent, integer, fraction string
	hasExponent                                                         bool

	positions, fractionPositions                       []int // of grouping separators, in digits
	regular                                            int   // the distance, when they repeat
	minInteger, scaling, minFraction, maxFraction, exp int
}

func (s *symbols) split(text string) subPicture {
	p := subPicture{text: text}
	first, last := -1, 0
	for i, c := range text {
		if ch := string(c); s.isActive(ch) && ch != s.exponent {
			if first < 0 {
				first = i
			}
			last = i + len(ch)
		}
	}
	if first < 0 {
		first, last = 0, len(text)
	}
	p.prefix, p.active, p.suffix = text[:first], text[first:last], text[last:]
	p.mantissa = p.active
	if at := strings.Index(text[first:], s.exponent); s.exponent != "" && at >= 0 && first+at <= last {
		units := unitLen(text[:first+at]) // counted from the start of the sub-picture, as in the reference
		p.hasExponent = true
		p.mantissa = p.active[:unitOffset(p.active, units)]
		p.exponent = p.active[unitOffset(p.active, units+1):]
	}
	if whole, part, ok := strings.Cut(p.mantissa, s.decimal); ok {
		p.integer, p.fraction = whole, part
	} else {
		p.integer, p.fraction = p.mantissa, p.suffix
	}
	return p
}

// validate returns the code of the last rule the sub-picture breaks, or "".
func (s *symbols) validate(p *subPicture) string {
	code := ""
	breaks := func(broken bool, c string) {
		if broken {
			code = c
		}
	}
	text := p.text
	breaks(strings.Index(text, s.decimal) != strings.LastIndex(text, s.decimal), "D3081")
	breaks(strings.Index(text, s.percent) != strings.LastIndex(text, s.percent), "D3082")
	breaks(strings.Index(text, s.permille) != strings.LastIndex(text, s.permille), "D3083")
	percent, permille := strings.Contains(text, s.percent), strings.Contains(text, s.permille)
	breaks(percent && permille, "D3084")
	breaks(s.countDigits(p.mantissa, true) == 0, "D3085")
	for _, c := range p.active {
		breaks(!s.isActive(string(c)), "D3086")
	}
	if at := strings.Index(text, s.decimal); at >= 0 {
		breaks(strings.HasSuffix(text[:at], s.grouping) || strings.HasPrefix(text[at+len(s.decimal):], s.grouping), "D3087")
	} else {
		breaks(strings.HasSuffix(p.integer, s.grouping), "D3088")
	}
	breaks(strings.Contains(text, s.grouping+s.grouping), "D3089")
	if at := strings.Index(p.integer, s.digit); at >= 0 {
		breaks(s.countDigits(p.integer[:at], false) > 0, "D3090")
	}
	if at := strings.LastIndex(p.fraction, s.digit); at >= 0 {
		breaks(s.countDigits(p.fraction[at:], false) > 0, "D3091")
	}
	breaks(p.hasExponent && p.exponent != "" && (percent || permille), "D3092")
	if p.hasExponent {
		breaks(p.exponent == "" || s.countDigits(p.exponent, false) < len([]rune(p.exponent)), "D3093")
	}
	return code
}

// groupPositions counts, for every grouping separator, the digits on the side away from the decimal point.
func (s *symbols) groupPositions(p *subPicture, part string, left bool) []int {
	var out []int
	for at := strings.Index(part, s.grouping); at >= 0 && s.grouping != ""; {
		side := part[min(at, len(part)):]
		if left {
			side = part[:min(at, len(part))]
		}
		out = append(out, s.countDigits(side, true))
		from := min(at+len(s.grouping), len(p.integer)) // the reference goes on in the integer part in both cases
		next := strings.Index(p.integer[from:], s.grouping)
		if next < 0 {
			break
		}
		at = from + next
	}
	return out
}

// repeating returns the distance at which positions repeat without a gap, or 0.
func repeating(positions []int) int {
	if len(positions) == 0 {
		return 0
	}
	factor := positions[0]
	for _, n := range positions[1:] {
		for a, b := factor, n; ; a, b = b, a%b {
			if b == 0 {
				factor = a
				break
			}
		}
	}
	for i := range positions {
		if !slices.Contains(positions, (i+1)*factor) {
			return 0
		}
	}
	return factor
}

func (s *symbols) analyse(p *subPicture) {
	p.positions = s.groupPositions(p, p.integer, false)
	p.regular = repeating(p.positions)
	p.fractionPositions = s.groupPositions(p, p.fraction, true)
	p.minInteger = s.countDigits(p.integer, false)
	p.scaling = p.minInteger
	p.minFraction = s.countDigits(p.fraction, false)
	p.maxFraction = s.countDigits(p.fraction, true)
	if p.minInteger == 0 && p.maxFraction == 0 {
		if p.hasExponent {
			p.minFraction, p.maxFraction = 1, 1
		} else {
			p.minInteger = 1
		}
	}
	if p.hasExponent && p.minInteger == 0 && strings.Contains(p.integer, s.digit) {
		p.minInteger = 1
	}
	if p.minInteger == 0 && p.minFraction == 0 {
		p.minFraction = 1
	}
	if p.hasExponent {
		p.exp = s.countDigits(p.exponent, false)
	}
}

func fnFormatNumber(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	s := symbolsOf(args[2].Object())
	picture := args[1].Str()
	if err := r.spend(len(picture) * 64); err != nil {
		return Value{}, err
	}
	texts := strings.Split(picture, s.separator)
	if len(texts) > 2 {
		return Value{}, &Error{Code: "D3080"}
	}
	pictures := make([]subPicture, len(texts))
	for i, text := range texts {
		pictures[i] = s.split(text)
	}
	for i := range pictures {
		if code := s.validate(&pictures[i]); code != "" {
			return Value{}, &Error{Code: code}
		}
	}
	for i := range pictures {
		s.analyse(&pictures[i])
	}
	p, f := &pictures[0], args[0].Float()
	if !(f >= 0) {
		if len(pictures) == 2 {
			p = &pictures[1]
		} else {
			p.prefix = s.minus + p.prefix
		}
	}
	return r.text(s.format(p, f))
}

func (s *symbols) format(p *subPicture, f float64) string {
	if strings.Contains(p.text, s.percent) {
		f *= 100
	} else if strings.Contains(p.text, s.permille) {
		f *= 1000
	}
	exponent := 0
	if p.exp > 0 && f != 0 && f-f == 0 {
		top, bottom := math.Pow(10, float64(p.scaling)), math.Pow(10, float64(p.scaling-1))
		for math.Abs(f) < bottom {
			f *= 10
			exponent--
		}
		for math.Abs(f) > top {
			f /= 10
			exponent++
		}
	}
	text := s.digits(roundHalfEven(f, float64(p.maxFraction)), p.maxFraction)
	whole, part, _ := strings.Cut(text, ".")
	whole = trimLeftAll(whole, s.zero)
	part = trimRightAll(part, s.zero)
	whole = strings.Repeat(s.zero, max(p.minInteger-len([]rune(whole)), 0)) + whole
	part += strings.Repeat(s.zero, max(p.minFraction-len([]rune(part)), 0))
	text = s.group(p, []rune(whole), []rune(part))
	if p.exp > 0 {
		digits := s.digits(math.Abs(float64(exponent)), 0)
		sign := ""
		if exponent < 0 {
			sign = s.minus
		}
		text += s.exponent + sign + strings.Repeat(s.zero, max(p.exp-len([]rune(digits)), 0)) + digits
	}
	return p.prefix + text + p.suffix
}

func trimLeftAll(text, what string) string {
	for what != "" && strings.HasPrefix(text, what) {
		text = text[len(what):]
	}
	return text
}

func trimRightAll(text, what string) string {
	for what != "" && strings.HasSuffix(text, what) {
		text = text[:len(text)-len(what)]
	}
	return text
}

// digits writes a number in the picture's own digits.
func (s *symbols) digits(f float64, places int) string {
	text := toFixed(math.Abs(f), places)
	if s.zero == "0" {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if c >= '0' && c <= '9' {
			b.WriteString(s.family[c-'0'])
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// group puts the grouping separators in and joins both parts.
func (s *symbols) group(p *subPicture, whole, part []rune) string {
	var marks []int // counted from the right
	if p.regular > 0 {
		for at := p.regular; at < len(whole); at += p.regular {
			marks = append(marks, at)
		}
	} else {
		marks = p.positions
	}
	text := string(whole)
	if p.regular > 0 || len(marks) > 0 {
		units := whole
		size := len(whole)
		for _, m := range marks {
			at := size - m
			if p.regular > 0 {
				at = len(whole) - m
			} else {
				size++
			}
			at = clamp(at, len(units))
			units = slices.Insert(units[:len(units):len(units)], at, []rune(s.grouping)...)
		}
		text = string(units)
	}
	for _, m := range p.fractionPositions {
		part = slices.Insert(part[:len(part):len(part)], clamp(m, len(part)), []rune(s.grouping)...)
	}
	if strings.Contains(p.text, s.decimal) && len(part) > 0 {
		return text + s.decimal + string(part)
	}
	return text + string(part)
}
