package asl

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/perdure/perdure/asl/value"
)

// maxDefinition is the largest definition in bytes.
const maxDefinition = 1 << 20

// decodeDefinition reads the JSON of a definition, whose errors AWS words as its JSON library does.
func decodeDefinition(text []byte) (value.Value, []Diagnostic) {
	if len(strings.TrimSpace(string(text))) == 0 {
		return value.Value{}, []Diagnostic{{Severity: Error, Code: "SCHEMA_VALIDATION_FAILED",
			Message: "Definition must be a valid JSON object"}}
	}
	v, err := value.Decode(text, value.Limits{Bytes: maxDefinition, Depth: 2000})
	if err != nil {
		return value.Value{}, []Diagnostic{jsonDiagnostic(string(text), err)}
	}
	if v.Kind() != value.KindObject {
		return value.Value{}, []Diagnostic{{Severity: Error, Code: "SCHEMA_VALIDATION_FAILED",
			Message: "Definition must be a valid JSON object"}}
	}
	return v, nil
}

// jsonDiagnostic words a syntax error: what was met, and where, counted behind the offending token.
func jsonDiagnostic(text string, err error) Diagnostic {
	offset := len(text)
	var syntax *value.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset < offset {
		offset = max(syntax.Offset, 0)
	}
	const expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
	what := "Unexpected end-of-input: expected a valid value " + expected
	if offset < len(text) {
		if word, end := bareWord(text, offset); word != "" {
			offset = end
			what = "Unrecognized token '" + word + "': was expecting " + expected
		} else {
			r, n := utf8.DecodeRuneInString(text[offset:])
			offset += n
			what = fmt.Sprintf("Unexpected character ('%c' (code %d)): expected a valid value %s", r, r, expected)
		}
	}
	line := strings.Count(text[:offset], "\n") + 1
	column := utf8.RuneCountInString(text[strings.LastIndexByte(text[:offset], '\n')+1:offset]) + 1
	shown := text
	if len(shown) > 500 {
		shown = fmt.Sprintf("%s\"[truncated %d chars]", shown[:500], len(text)-500)
	} else {
		shown += `"`
	}
	where := fmt.Sprintf(`[Source: (String)"%s; line: %d, column: %d]`, shown, line, column)
	return Diagnostic{Severity: Error, Code: "INVALID_JSON_DESCRIPTION", Message: what + "\n at " + where, Location: where}
}

// bareWord is the run of word characters around offset and where it ends, if offset is not inside of what could be a number
// or a string.
func bareWord(text string, offset int) (word string, end int) {
	from, to := offset, offset
	for from > 0 && wordByte(text[from-1]) {
		from--
	}
	for to < len(text) && wordByte(text[to]) {
		to++
	}
	if word := text[from:to]; word != "" && (word[0] < '0' || word[0] > '9') && (from == 0 || text[from-1] != '"') {
		return word, to
	}
	return "", 0
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
