package jsonata

import (
	"math"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// Dates are written and read by a picture, as in XPath's format-dateTime: text with components in brackets, such as
// [Y0001], [MNn,3-3] or [D1o]. This file takes a picture apart; date_format.go writes and date_parse.go reads with it.

// datePart is a component of a picture, or the text between two.
type datePart struct {
	literal     string
	component   string // one letter; "" for text
	names       bool   // written as a name
	letters     letterCase
	traditional bool    // t: the zone at zero is Z
	least, most float64 // widths, not a number when not limited
	digits      float64 // of a year, month or day: -1 when not limited
	integer     *integerPicture
}

type datePicture []datePart

// integerComponents are those that are numbers.
const integerComponents = "YMDdFWwXxHhmsf"

// presentations are the modifiers of the components that come without one.
var presentations = map[string]string{"Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "W": "1", "w": "1", "X": "1",
	"x": "1", "H": "1", "h": "1", "P": "n", "m": "01", "s": "01", "f": "1", "Z": "01:01", "z": "01:01", "C": "n", "E": "n"}

var isoPicture = func() datePicture {
	p, err := parseDatePicture("[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]", V2_0)
	if err != nil {
		panic(err)
	}
	return p
}()

func parseDatePicture(picture string, version Version) (datePicture, *Error) {
	var p datePicture
	text := func(s string) {
		if s != "" {
			p = append(p, datePart{literal: strings.ReplaceAll(s, "]]", "]")})
		}
	}
	start := 0
	for i := 0; i < len(picture); i++ {
		if picture[i] != '[' {
			continue
		}
		if strings.HasPrefix(picture[i+1:], "[") { // stands for itself
			text(picture[start:i])
			p = append(p, datePart{literal: "["})
			i++
			start = i + 1
			continue
		}
		text(picture[start:i])
		end := strings.IndexByte(picture[i:], ']')
		if end < 0 {
			return nil, &Error{Code: "D3135"}
		}
		part, err := parseMarker(withoutBlanks(picture[i+1:i+end]), version)
		if err != nil {
			return nil, err
		}
		if n := len(p); version >= V2_2 && n > 0 && p[n-1].integer != nil && part.isInteger() {
			p[n-1].integer.width, p[n-1].integer.exact = p[n-1].integer.mandatory, true
		}
		p = append(p, part)
		i += end
		start = i + 1
	}
	text(picture[start:])
	return p, nil
}

func (d *datePart) isInteger() bool {
	return d.integer != nil && strings.Contains(integerComponents, d.component)
}

// parseMarker reads what stands between brackets: the component, how it is presented, and after a comma its width.
func parseMarker(text string, version Version) (datePart, *Error) {
	d := datePart{digits: -1, least: math.NaN(), most: math.NaN()}
	if _, n, _ := decodeUnit(text); n > 0 {
		d.component, text = text[:n], text[n:]
	}
	limited := false
	if comma := strings.LastIndexByte(text, ','); comma >= 0 {
		least, most, ranged := strings.Cut(text[comma+1:], "-")
		text = text[:comma]
		if d.least = width(least); ranged {
			d.most, limited = width(most), most != "*"
		}
	}
	ordinal, modifier := false, ""
	if n := len(text); n > 1 && strings.IndexByte("atco", text[n-1]) >= 0 {
		ordinal, d.traditional = text[n-1] == 'o', text[n-1] == 't'
		modifier, text = ";"+text[n-1:], text[:n-1]
	}
	if text == "" {
		var known bool
		if text, known = presentations[d.component]; !known {
			return d, fail("D3132", value.String(d.component))
		}
	}
	var err *Error
	switch {
	case text[0] == 'n':
		d.names, d.letters = true, lowerCase
	case strings.HasPrefix(text, "Nn"):
		d.names, d.letters = true, titleCase
	case text[0] == 'N':
		d.names, d.letters = true, upperCase
	case d.component != "" && strings.Contains(integerComponents, d.component):
		if d.integer, err = parseIntegerPicture(text + modifier); err != nil {
			return d, err
		}
		d.integer.ordinal = ordinal
		d.widen(limited, version)
	}
	if d.component == "Z" || d.component == "z" {
		d.integer, err = parseIntegerPicture(text)
	}
	return d, err
}

// widen makes the integer picture as wide as the marker says, and limits the digits of dates.
func (d *datePart) widen(limited bool, version Version) {
	decimal := d.integer.style == decimalStyle
	if decimal && d.least > float64(d.integer.mandatory) {
		d.integer.mandatory = clampInt(d.least)
	}
	if d.component != "Y" && (version >= V2_2 || d.component != "M" && d.component != "D") {
		return
	}
	if limited {
		d.digits = d.most
		d.integer.mandatory = 0
		if d.most == d.most {
			d.integer.mandatory = clampInt(d.most)
		}
	} else if n := d.integer.mandatory + d.integer.optional; decimal && n >= 2 {
		d.digits = float64(n)
	}
	if version < V2_2 && d.digits > 0 {
		d.integer.width = clampInt(d.digits)
	}
}

// width reads one limit of a width.
func width(text string) float64 {
	if text == "*" {
		return math.NaN()
	}
	return parseInt(text)
}

// withoutBlanks drops all white space, as JavaScript knows it.
func withoutBlanks(s string) string {
	return strings.Map(func(c rune) rune {
		if c <= 0xffff {
			for i := 0; i < len(spaceRanges); i += 2 {
				if uint16(c) >= spaceRanges[i] && uint16(c) <= spaceRanges[i+1] {
					return -1
				}
			}
		}
		return c
	}, s)
}
