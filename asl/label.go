package asl

import (
	"fmt"
	"strings"
	"unicode"
)

// label reads the Label of a Distributed Map.
func (p *parser) label(m *mapFields, f fields) {
	label, ok := f.text("Label")
	if !ok {
		return
	}
	m.label = label
	at := f.at + "/Label"
	bad := ""
	for _, r := range label {
		if !validName(string(r)) {
			bad = "Label contains invalid character: " + quoted(string(r))
			break
		}
	}
	switch {
	case label == "":
		bad = "Label cannot be empty"
	case runes(label) > 40:
		bad = "Label cannot exceed 40 characters"
	}
	if bad != "" {
		p.errorf("INVALID_LABEL_NAME", bad, at)
		d := &p.diags[len(p.diags)-1]
		d.exception = "Error=ValueError Args=[" + quoted(bad) + "] in definition '" + p.definition + "'."
	}
	for _, other := range p.labels {
		if other == label {
			p.errorf("DUPLICATE_LABEL_NAME", "Duplicate label name: '"+label+"'", at)
		}
	}
	p.labels = append(p.labels, label)
}

// quoted writes a text as the recorded messages about labels have it: in single quotes, or in double ones if that saves
// escaping, with what cannot be printed escaped.
func quoted(s string) string {
	quote := '\''
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote, r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x100 && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r) && r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}
