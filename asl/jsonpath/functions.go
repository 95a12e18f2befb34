package jsonpath

import (
	"errors"
	"fmt"

	"github.com/perdure/perdure/asl/value"
)

// function is an intrinsic function. max -1: any number of arguments.
type function struct {
	min, max int
	run      func(s *Scope, a []value.Value) (value.Value, error)
}

var functions = map[string]function{
	"Format":         {1, -1, format},
	"StringToJson":   {1, 1, stringToJSON},
	"JsonToString":   {1, 1, jsonToString},
	"StringSplit":    {2, 2, stringSplit},
	"Base64Encode":   {1, 1, base64Encode},
	"Base64Decode":   {1, 1, base64Decode},
	"Hash":           {2, 2, hash},
	"UUID":           {0, 0, newUUID},
	"Array":          {0, -1, array},
	"ArrayPartition": {2, 2, arrayPartition},
	"ArrayContains":  {2, 2, arrayContains},
	"ArrayRange":     {3, 3, arrayRange},
	"ArrayGetItem":   {2, 2, arrayGetItem},
	"ArrayLength":    {1, 1, arrayLength},
	"ArrayUnique":    {1, 1, arrayUnique},
	"JsonMerge":      {3, 3, jsonMerge},
	"MathRandom":     {2, 3, mathRandom},
	"MathAdd":        {2, 2, mathAdd},
}

// wants tells that an argument is of the wrong kind.
func wants(function, what string) error {
	return fmt.Errorf("Invalid arguments in States.%s: %s", function, what) //nolint:staticcheck // part of a cause
}

func textArg(function string, v value.Value) (string, error) {
	if v.Kind() != value.KindString {
		return "", wants(function, "expected a string")
	}
	return v.Str(), nil
}

func arrayArg(function string, v value.Value) ([]value.Value, error) {
	if v.Kind() != value.KindArray {
		return nil, wants(function, "expected an array")
	}
	return v.Items(), nil
}

var errNotNumber = errors.New("not a number")

// roundArg is a number rounded half up, as every integer argument is.
func roundArg(function string, v value.Value) (int64, error) {
	if v.Kind() != value.KindNumber {
		return 0, wants(function, "expected a number")
	}
	if i, ok := v.Int64(); ok {
		return i, nil
	}
	i, err := roundHalfUp(v.Float())
	if err != nil {
		return 0, wants(function, "the number is out of range")
	}
	return i, nil
}
