package jsonata

import (
	"math"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

var monthNames = strings.Fields("January February March April May June July August September October November December")

// dayNames begin at Monday, 1.
var dayNames = strings.Fields("- Monday Tuesday Wednesday Thursday Friday Saturday Sunday")

// formatDate writes an instant by a picture, the ISO one if there is none, in a zone given as hours and minutes, such as
// +0100.
func (r *run) formatDate(ms float64, picture, zone Value) (Value, error) {
	var hours, minutes float64
	if !zone.IsUndefined() {
		offset := parseInt(zone.Str())
		hours, minutes = math.Floor(offset/100), math.Mod(offset, 100)
	}
	p := isoPicture
	if !picture.IsUndefined() {
		var err error
		if p, err = r.datePicture(picture.Str()); err != nil {
			return Value{}, err
		}
	}
	at := instantAt(ms + (60*hours+minutes)*minuteMillis)
	var b strings.Builder
	for i := range p {
		text := p[i].literal
		if p[i].component != "" {
			var err *Error
			if text, err = p[i].format(at, hours, minutes); err != nil {
				return Value{}, err
			}
		}
		if err := r.spend(len(text)); err != nil {
			return Value{}, err
		}
		b.WriteString(text)
	}
	return r.text(b.String())
}

// datePicture takes a picture apart; the latest one is remembered, as it is often used for many dates.
func (r *run) datePicture(text string) (datePicture, error) {
	if r.picture != nil && r.pictureText == text {
		return r.picture, nil
	}
	if err := r.spend(16 * len(text)); err != nil {
		return nil, err
	}
	p, err := parseDatePicture(text, r.program.options.Version)
	if err != nil {
		return nil, err
	}
	r.picture, r.pictureText = p, text
	return p, nil
}

func (d *datePart) format(at instant, hours, minutes float64) (string, *Error) {
	n, known := at.component(d.component[0])
	switch {
	case d.component == "Z" || d.component == "z":
		return d.formatZone(hours, minutes)
	case d.component == "C" || d.component == "E":
		return "ISO", nil
	case !known:
		return "undefined", nil
	case d.component == "P":
		text := "am"
		if n == 1 {
			text = "pm"
		}
		if d.names && d.letters == upperCase {
			text = strings.ToUpper(text)
		}
		return text, nil
	case d.names:
		return d.formatName(n)
	}
	if d.component == "Y" && d.digits != -1 {
		n = math.Mod(n, math.Pow(10, d.digits))
	}
	return d.integer.format(n)
}

func (d *datePart) formatName(n float64) (string, *Error) {
	name := "undefined"
	switch d.component {
	case "M", "x":
		if n == n {
			name = monthNames[int(n)-1]
		}
	case "F":
		if n == n {
			name = dayNames[int(n)]
		}
	default:
		return "", fail("D3133", value.String(d.component))
	}
	switch d.letters {
	case lowerCase:
		name = strings.ToLower(name)
	case upperCase:
		name = strings.ToUpper(name)
	}
	if float64(len(name)) > d.most {
		name = name[:max(clampInt(d.most), 0)]
	}
	return name, nil
}

// formatZone writes the offset from UTC.
func (d *datePart) formatZone(hours, minutes float64) (string, *Error) {
	offset := hours*100 + minutes
	var text string
	var err *Error
	switch digits := d.integer.mandatory; {
	case d.integer.regular > 0 || digits == 3 || digits == 4:
		text, err = d.integer.format(offset)
	case digits == 1 || digits == 2:
		if text, err = d.integer.format(hours); err == nil && minutes != 0 {
			two := integerPicture{zero: '0', mandatory: 2}
			var rest string
			rest, err = two.format(minutes)
			text += ":" + rest
		}
	default:
		err = &Error{Code: "D3134"}
	}
	if err != nil {
		return "", err
	}
	if offset >= 0 {
		text = "+" + text
	}
	if d.component == "z" {
		text = "GMT" + text
	}
	if offset == 0 && d.traditional {
		text = "Z"
	}
	return text, nil
}
