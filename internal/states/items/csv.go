package items

import (
	"strings"

	"github.com/perdure/perdure/asl/value"
)

var delimiters = map[string]byte{"": ',', "COMMA": ',', "PIPE": '|', "SEMICOLON": ';', "SPACE": ' ', "TAB": '\t'}

// csv reads rows as objects of texts. Without given headers the first row has them. Missing cells are empty, cells
// beyond the headers are dropped, lines without any character are no rows.
func (r *reader) csv(data []byte, headers []string) error {
	p := &cells{data: data, delimiter: delimiters[r.cfg.CSVDelimiter]}
	if r.cfg.CSVHeaderLocation != "GIVEN" && r.cfg.ManifestType == "" && r.cfg.InputType != "MANIFEST" {
		headers = p.row()
	}
	seen := map[string]bool{}
	for _, h := range headers {
		if seen[h] {
			return failed("CSV headers cannot contain duplicates.")
		}
		seen[h] = true
	}
	for row := p.row(); row != nil; row = p.row() {
		o := value.NewObject(len(headers))
		for i, h := range headers {
			cell := ""
			if i < len(row) {
				cell = row[i]
			}
			o.Set(h, value.String(cell))
		}
		if !r.out.add(value.FromObject(o).JSON()) {
			return nil
		}
	}
	return nil
}

// cells splits CSV. A cell that begins with a double quote ends with one; a doubled quote in it is a quote, and delimiters
// and ends of lines are data. A backslash takes the special meaning from a backslash, a quote or the delimiter, and is
// dropped before anything else.
type cells struct {
	data      []byte
	delimiter byte
	at        int
}

// row is the next row, nil at the end.
func (p *cells) row() []string {
	for p.at < len(p.data) && (p.data[p.at] == '\n' || p.data[p.at] == '\r' && p.at+1 < len(p.data) && p.data[p.at+1] == '\n') {
		p.at++
	}
	if p.at >= len(p.data) {
		return nil
	}
	var row []string
	for {
		cell, last := p.cell()
		row = append(row, cell)
		if last {
			return row
		}
	}
}

// cell reads one cell and tells whether the row ends with it.
func (p *cells) cell() (string, bool) {
	var b strings.Builder
	quoted := p.at < len(p.data) && p.data[p.at] == '"'
	if quoted {
		p.at++
	}
	for p.at < len(p.data) {
		c := p.data[p.at]
		p.at++
		switch {
		case c == '\\' && p.at < len(p.data):
			b.WriteByte(p.data[p.at])
			p.at++
		case c == '\\':
		case quoted && c == '"' && p.at < len(p.data) && p.data[p.at] == '"':
			b.WriteByte('"')
			p.at++
		case quoted && c == '"':
			quoted = false
		case quoted:
			b.WriteByte(c)
		case c == p.delimiter:
			return b.String(), false
		case c == '\n':
			return strings.ToValidUTF8(strings.TrimSuffix(b.String(), "\r"), "\uFFFD"), true
		default:
			b.WriteByte(c)
		}
	}
	return strings.ToValidUTF8(strings.TrimSuffix(b.String(), "\r"), "\uFFFD"), true
}
