package jsonata

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// Integers are written and read by a picture, as in XPath's format-integer: decimal digits of any script with grouping,
// letters, roman numerals or words.

type integerStyle uint8

const (
	decimalStyle integerStyle = iota
	letterStyle
	romanStyle
	wordStyle
	sequenceStyle // known by name only
)

type letterCase uint8

const (
	lowerCase letterCase = iota
	upperCase
	titleCase
)

type integerPicture struct {
	style     integerStyle
	letters   letterCase
	ordinal   bool
	zero      rune
	mandatory int
	optional  int
	marks     []mark // grouping separators, from the right
	regular   int    // the distance at which one separator repeats
	token     string
	width     int  // digits when read: so many, less the optional ones; 0 for any number (dates only)
	exact     bool // not less
}

type mark struct {
	at   int
	char string
}

// digitZeros are the zeros of the scripts whose digits are recognised.
var digitZeros = []rune{0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
	0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
	0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10}

func zeroOf(c rune) (rune, bool) {
	for _, z := range digitZeros {
		if c >= z && c <= z+9 {
			return z, true
		}
	}
	return 0, false
}

func parseIntegerPicture(picture string) (*integerPicture, *Error) {
	p := &integerPicture{zero: '0'}
	main := picture
	if i := strings.LastIndexByte(picture, ';'); i >= 0 {
		main = picture[:i]
		p.ordinal = strings.HasPrefix(picture[i+1:], "o")
	}
	switch main {
	case "A", "a":
		p.style = letterStyle
	case "I", "i":
		p.style = romanStyle
	case "W", "w", "Ww":
		p.style = wordStyle
	default:
		return p, p.decimal(main)
	}
	switch {
	case main == "Ww":
		p.letters = titleCase
	case main[0] < 'a':
		p.letters = upperCase
	}
	return p, nil
}

// decimal reads a picture of digits, from the right.
func (p *integerPicture) decimal(text string) *Error {
	runes := []rune(text)
	slices.Reverse(runes)
	position := 0
	known := false
	for _, c := range runes {
		zero, digit := zeroOf(c)
		switch {
		case digit:
			p.mandatory++
			position++
			if known && zero != p.zero {
				return &Error{Code: "D3131"}
			}
			p.zero, known = zero, true
		case c == '#':
			p.optional++
			position++
		default:
			p.marks = append(p.marks, mark{position, string(c)})
		}
	}
	if p.mandatory == 0 {
		p.style, p.token = sequenceStyle, text
		return nil
	}
	positions := make([]int, len(p.marks))
	for i, m := range p.marks {
		if m.char != p.marks[0].char {
			return nil
		}
		positions[i] = m.at
	}
	p.regular = repeating(positions)
	return nil
}

func (p *integerPicture) format(f float64) (string, *Error) {
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	text := ""
	switch p.style {
	case letterStyle:
		first := byte('a')
		if p.letters == upperCase {
			first = 'A'
		}
		text = toLetters(f, first)
	case romanStyle:
		if text = toRoman(f); p.letters == upperCase {
			text = strings.ToUpper(text)
		}
	case wordStyle:
		switch text = toWords(f, p.ordinal); p.letters {
		case upperCase:
			text = strings.ToUpper(text)
		case lowerCase:
			text = strings.ToLower(text)
		}
	case sequenceStyle:
		return "", fail("D3130", value.String(p.token))
	default:
		text = p.formatDigits(f)
	}
	return sign + text, nil
}

// maxPadding bounds the digits a picture can ask for.
const maxPadding = 10_000

func (p *integerPicture) formatDigits(f float64) string {
	digits := []rune(value.FormatNumber(f))
	if pad := min(p.mandatory, maxPadding) - len(digits); pad > 0 {
		digits = append([]rune(strings.Repeat("0", pad)), digits...)
	}
	for i := range digits {
		digits[i] += p.zero - '0'
	}
	insert := func(at int, char string) {
		if at < 0 { // JavaScript's substr has no negative length, and counts a negative start from the end
			digits, at = digits[max(at+len(digits), 0):], 0
		}
		digits = slices.Insert(digits, min(at, len(digits)), []rune(char)...)
	}
	if p.regular > 0 {
		for i := (len(digits) - 1) / p.regular; i > 0; i-- {
			insert(len(digits)-i*p.regular, p.marks[0].char)
		}
	} else {
		for i := len(p.marks) - 1; i >= 0; i-- {
			insert(len(digits)-p.marks[i].at, p.marks[i].char)
		}
	}
	if p.ordinal {
		n := len(digits)
		suffix := map[rune]string{'1': "st", '2': "nd", '3': "rd"}[digits[n-1]]
		if suffix == "" || n > 1 && digits[n-2] == '1' {
			suffix = "th"
		}
		return string(digits) + suffix
	}
	return string(digits)
}

func toLetters(f float64, first byte) string {
	var out []byte
	for f > 0 {
		out = append(out, first+byte(math.Mod(f-1, 26)))
		f = math.Floor((f - 1) / 26)
	}
	slices.Reverse(out)
	return string(out)
}

var romanNumerals = []struct {
	value float64
	text  string
}{{1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"}, {40, "xl"}, {10, "x"}, {9, "ix"},
	{5, "v"}, {4, "iv"}, {1, "i"}}

// maxRoman bounds the thousands written as so many letters.
const maxRoman = 10_000_000

func toRoman(f float64) string {
	var b strings.Builder
	f = min(f, maxRoman)
	for _, n := range romanNumerals {
		for ; f >= n.value; f -= n.value {
			b.WriteString(n.text)
		}
	}
	return b.String()
}

func fnFormatInteger(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	picture := args[1].Str()
	if err := r.spend(16 * len(picture)); err != nil {
		return Value{}, err
	}
	p, bad := parseIntegerPicture(picture)
	if bad != nil {
		return Value{}, bad
	}
	text, bad := p.format(math.Floor(args[0].Float()))
	if bad != nil {
		return Value{}, bad
	}
	return r.text(text)
}

func fnParseInteger(r *run, args []Value) (Value, error) {
	if args[0].IsUndefined() {
		return Value{}, nil
	}
	if err := r.spend(len(args[0].Str()) + len(args[1].Str())); err != nil {
		return Value{}, err
	}
	p, bad := parseIntegerPicture(args[1].Str())
	if bad != nil {
		return Value{}, bad
	}
	if p.style == sequenceStyle {
		return Value{}, fail("D3130", value.String(p.token))
	}
	return value.Number(p.parse(args[0].Str())), nil
}

// pattern is the regular expression a text in this picture matches.
func (p *integerPicture) pattern() string {
	switch p.style {
	case letterStyle:
		if p.letters == upperCase {
			return "[A-Z]+"
		}
		return "[a-z]+"
	case romanStyle:
		if p.letters == upperCase {
			return "[MDCLXVI]+"
		}
		return "[mdclxvi]+"
	case wordStyle:
		return wordPattern
	}
	digits := "[0-9]+"
	if p.width > 0 {
		digits = "[0-9]{" + strconv.Itoa(p.width) + "}"
		if p.optional > 0 && !p.exact {
			digits = "[0-9]{" + strconv.Itoa(max(p.width-p.optional, 0)) + "," + strconv.Itoa(p.width) + "}"
		}
	}
	if p.ordinal {
		digits += "(?:th|st|nd|rd)"
	}
	return digits
}

// parse reads a number written in this picture.
func (p *integerPicture) parse(text string) float64 {
	switch p.style {
	case letterStyle:
		first := 'a'
		if p.letters == upperCase {
			first = 'A'
		}
		f, scale := 0.0, 1.0
		runes := []rune(text)
		for i := len(runes) - 1; i >= 0; i-- {
			f += float64(runes[i]-first+1) * scale
			scale *= 26
		}
		return f
	case romanStyle:
		if p.letters != upperCase {
			text = strings.ToUpper(text)
		}
		return fromRoman(text)
	case wordStyle:
		return fromWords(strings.ToLower(text))
	}
	if p.ordinal {
		text = text[:max(len(text)-2, 0)]
	}
	if p.regular > 0 {
		text = strings.ReplaceAll(text, ",", "")
	} else {
		for _, m := range p.marks {
			text = strings.ReplaceAll(text, m.char, "")
		}
	}
	if p.zero != '0' {
		text = strings.Map(func(c rune) rune { return c - p.zero + '0' }, text)
	}
	return parseInt(text)
}

// parseInt is JavaScript's parseInt of decimal digits.
func parseInt(s string) float64 {
	s = strings.TrimLeft(s, " \t\n\r\v\f")
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	start := i
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	if i == start {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(s[:i], 64)
	return f
}

func fromRoman(text string) float64 {
	values := map[byte]float64{'M': 1000, 'D': 500, 'C': 100, 'L': 50, 'X': 10, 'V': 5, 'I': 1}
	sum, top := 0.0, 1.0
	for i := len(text) - 1; i >= 0; i-- {
		v, ok := values[text[i]]
		if !ok {
			v = math.NaN()
		}
		if v < top {
			sum -= v
		} else {
			top = v
			sum += v
		}
	}
	return sum
}
