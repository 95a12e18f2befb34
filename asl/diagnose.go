package asl

// Diagnostic is one finding about a definition (spec section 1.11).
type Diagnostic struct {
	Severity Severity
	Code     string // "SCHEMA_VALIDATION_FAILED"
	Message  string
	Location string // "/States/A/Next"; empty: none

	exception string // recorded message of the exception, where it is not made of the diagnostics
}

// Severity of a Diagnostic.
type Severity string

// The severities.
const (
	Error   Severity = "ERROR"
	Warning Severity = "WARNING"
)

// Text is the diagnostic inside an InvalidDefinition exception.
func (d Diagnostic) Text() string {
	location := d.Location
	if location == "" {
		location = "null"
	}
	return d.Code + ": " + d.Message + " at " + location
}

// Invalid is the message of the InvalidDefinition exception for diagnostics; empty if none is an error.
func Invalid(ds []Diagnostic) string {
	text := ""
	for _, d := range ds {
		if d.Severity != Error {
			continue
		}
		if d.exception != "" {
			return d.exception
		}
		if text != "" {
			text += ", "
		}
		text += d.Text()
	}
	if text == "" {
		return ""
	}
	return "Invalid State Machine Definition: '" + text + "'"
}
