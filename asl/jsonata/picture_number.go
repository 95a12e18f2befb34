package jsonata

import (
	"math"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

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
	first := strings.Index(part, s.grouping)
	if first < 0 || s.grouping == "" {
		return nil
	}
	digits := unitsWhere(part, func(_ string, c rune) bool { return s.isDigit(string(c)) || string(c) == s.digit })
	more := unitsWhere(p.integer, func(rest string, _ rune) bool { return strings.HasPrefix(rest, s.grouping) })
	var out []int
	for at := unitLen(part[:first]); ; {
		n := sort.SearchInts(digits, at)
		if !left {
			n = len(digits) - n
		}
		out = append(out, n)
		next := sort.SearchInts(more, at+1) // the reference goes on in the integer part in both cases
		if next == len(more) {
			return out
		}
		at = more[next]
	}
}

// unitsWhere gives the places, in UTF-16 units, of the characters that are wanted, each given with the rest of the text.
func unitsWhere(text string, wanted func(rest string, c rune) bool) []int {
	var out []int
	at := 0
	for i := 0; i < len(text); {
		c, size, units := decodeUnit(text[i:])
		if wanted(text[i:], c) {
			out = append(out, at)
		}
		i, at = i+size, at+units
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
	there := make(map[int]bool, len(positions))
	for _, n := range positions {
		there[n] = true
	}
	for i := range positions {
		if !there[(i+1)*factor] {
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
	work := 1 + len(picture)>>4 // of each round over the picture
	for i, text := range texts {
		pictures[i] = s.split(text)
	}
	if err := r.burn(work); err != nil {
		return Value{}, err
	}
	for i := range pictures {
		if code := s.validate(&pictures[i]); code != "" {
			return Value{}, &Error{Code: code}
		}
	}
	if err := r.burn(work); err != nil {
		return Value{}, err
	}
	for i := range pictures {
		s.analyse(&pictures[i])
	}
	if err := r.burn(work); err != nil {
		return Value{}, err
	}
	p, f := &pictures[0], args[0].Float()
	if !(f >= 0) {
		if len(pictures) == 2 {
			p = &pictures[1]
		} else {
			p.prefix = s.minus + p.prefix
		}
	}
	text, err := s.format(r, p, f)
	if err != nil {
		return Value{}, err
	}
	return r.text(text)
}

func (s *symbols) format(r *run, p *subPicture, f float64) (string, error) {
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
	whole, part, _ := strings.Cut(s.digits(roundHalfEven(f, float64(p.maxFraction)), p.maxFraction), ".")
	whole = trimLeftAll(whole, s.zero)
	part = trimRightAll(part, s.zero)
	whole = strings.Repeat(s.zero, max(p.minInteger-len([]rune(whole)), 0)) + whole
	part += strings.Repeat(s.zero, max(p.minFraction-len([]rune(part)), 0))
	text, err := s.group(r, p, []rune(whole), []rune(part))
	if err != nil {
		return "", err
	}
	if p.exp > 0 {
		digits := s.digits(math.Abs(float64(exponent)), 0)
		sign := ""
		if exponent < 0 {
			sign = s.minus
		}
		text += s.exponent + sign + strings.Repeat(s.zero, max(p.exp-len([]rune(digits)), 0)) + digits
	}
	return p.prefix + text + p.suffix, nil
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

// group joins both parts and puts the grouping separators in, where the reference does: a place before the start counts
// from the end, and what is cut off when no decimal separator is wanted is the last character, whatever it is.
func (s *symbols) group(r *run, p *subPicture, whole, part []rune) (string, error) {
	separator := []rune(s.grouping)
	if p.regular > 0 {
		grouped := make([]rune, 0, len(whole)+len(whole)/p.regular*len(separator))
		for i, c := range whole {
			if left := len(whole) - i; i > 0 && left%p.regular == 0 {
				grouped = append(grouped, separator...)
			}
			grouped = append(grouped, c)
		}
		whole = grouped
	}
	point := len(whole)
	text := append(append(whole, []rune(s.decimal)...), part...)
	var err error
	if p.regular == 0 {
		for _, m := range p.positions {
			if text, err = insert(r, text, point-m, separator); err != nil {
				return "", err
			}
			point++
		}
	}
	point = s.point(text)
	for _, m := range p.fractionPositions {
		if text, err = insert(r, text, point+1+m, separator); err != nil {
			return "", err
		}
	}
	if last := len(text) - 1; last >= 0 && (!strings.Contains(p.text, s.decimal) || s.point(text) == last) {
		text = text[:last]
	}
	return string(text), nil
}

// point is where the decimal separator stands.
func (s *symbols) point(text []rune) int {
	before, _, _ := strings.Cut(string(text), s.decimal)
	return utf8.RuneCountInString(before)
}

// insert puts a separator in at a place counted as JavaScript's slice does; it moves what is behind, which counts.
func insert(r *run, text []rune, at int, separator []rune) ([]rune, error) {
	if at < 0 {
		at += len(text)
	}
	at = clamp(at, len(text))
	if err := r.burn(1 + (len(text)-at)>>6); err != nil {
		return nil, err
	}
	return slices.Insert(text, at, separator...), nil
}
