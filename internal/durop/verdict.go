package durop

import (
	"encoding/json"
	"fmt"
)

// Verdict is what the return value of a handler means (section 3.4).
type Verdict struct {
	Status string // SUCCEEDED, FAILED or PENDING
	Result Text
	Error  Object
	// Breach is set if the return broke the protocol: the execution fails with it at once.
	Breach string
}

// Judge reads the return value of a handler. maxResult is the size limit of the execution's result in bytes. Whether a
// PENDING may stand is the state's to say; see State.Suspends.
func Judge(output []byte, maxResult int) Verdict {
	const invalid = "Invalid Status in invocation output."
	if i := space(output, 0); i >= len(output) || output[i] != '{' || !json.Valid(output) {
		return Verdict{Breach: invalid}
	}
	p := &parser{}
	var v Verdict
	p.object(output, "output", func(key string, val []byte) {
		switch key {
		case "Status":
			v.Status = p.text(val, key)
		case "Result":
			v.Result = p.raw(val, key)
		case "Error":
			v.Error = p.errorObject(val)
		}
	})
	switch {
	case p.err != nil:
		return Verdict{Breach: invalid}
	case v.Status == Succeeded && v.Error != nil:
		return Verdict{Breach: "Cannot provide an Error for SUCCEEDED status."}
	case v.Status == Failed && v.Result != nil:
		return Verdict{Breach: "Cannot provide a Result for FAILED status."}
	case v.Status != Succeeded && v.Status != Failed && v.Status != Pending:
		return Verdict{Breach: invalid}
	case v.Status == Succeeded && v.Result.Len() > maxResult:
		return Verdict{Breach: fmt.Sprintf("Execution output payload size must be less than or equal to %d bytes.", maxResult)}
	}
	return v
}
