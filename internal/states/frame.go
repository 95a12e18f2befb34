package states

import (
	"bytes"
	"encoding/json"
	"errors"
)

// frame puts data, which stays as it is, behind a line of JSON.
func frame(head any, data []byte) ([]byte, error) {
	line, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	return append(append(append(make([]byte, 0, len(line)+1+len(data)), line...), '\n'), data...), nil
}

// unframe reads the line and returns the data.
func unframe(body []byte, head any) ([]byte, error) {
	line, data, ok := bytes.Cut(body, []byte{'\n'})
	if !ok {
		return nil, errors.New("it has no line of JSON before its data")
	}
	return data, json.Unmarshal(line, head)
}
