package durable

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// SerdesContext names the place of the value in the execution. OperationID is the positional id, such as "1-2-3".
type SerdesContext struct {
	_                                [0]func()
	OperationID, DurableExecutionArn string
}

// Serdes encodes values for the record and decodes them. It must be safe for concurrent use.
type Serdes interface {
	Marshal(ctx context.Context, meta SerdesContext, v any) ([]byte, error)
	Unmarshal(ctx context.Context, meta SerdesContext, data []byte, v any) error
}

// Deserializer decodes callback payloads, which others encode.
type Deserializer interface {
	Unmarshal(data []byte, v any) error
}

type jsonSerdes struct{}
type rawSerdes struct{}

var (
	// JSONSerdes is encoding/json without HTML escaping, the default of everything but callbacks.
	JSONSerdes jsonSerdes
	// RawSerdes passes bytes through: it takes string, []byte and json.RawMessage, and pointers to them. It is the
	// default of callbacks.
	RawSerdes rawSerdes
)

func (jsonSerdes) Marshal(_ context.Context, _ SerdesContext, v any) ([]byte, error) {
	return marshalJSON(v)
}

func (jsonSerdes) Unmarshal(_ context.Context, _ SerdesContext, data []byte, v any) error {
	return json.Unmarshal(data, v)
}

func (rawSerdes) Marshal(_ context.Context, _ SerdesContext, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	case json.RawMessage:
		return v, nil
	}
	return nil, fmt.Errorf("durable: RawSerdes takes string, []byte or json.RawMessage, not %T; give the operation another serdes, such as JSONSerdes", v)
}

func (rawSerdes) Unmarshal(_ context.Context, _ SerdesContext, data []byte, v any) error {
	switch v := v.(type) {
	case *string:
		*v = string(data)
	case *[]byte:
		*v = bytes.Clone(data)
	case *json.RawMessage:
		*v = bytes.Clone(data)
	default:
		return fmt.Errorf("durable: RawSerdes gives string, []byte or json.RawMessage, not %T; give the operation another serdes, such as JSONSerdes", v)
	}
	return nil
}

// marshalJSON encodes without HTML escaping and without the encoder's newline.
func marshalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

type typedSerdes[T any] struct {
	marshal   func(context.Context, SerdesContext, T) ([]byte, error)
	unmarshal func(context.Context, SerdesContext, []byte) (T, error)
}

// SerdesOf makes a Serdes for one type of two functions. Values of other types are refused, as is the use of a function
// that is nil.
func SerdesOf[T any](marshal func(ctx context.Context, meta SerdesContext, v T) ([]byte, error), unmarshal func(ctx context.Context, meta SerdesContext, data []byte) (T, error)) Serdes {
	return typedSerdes[T]{marshal, unmarshal}
}

func (s typedSerdes[T]) Marshal(ctx context.Context, meta SerdesContext, v any) ([]byte, error) {
	if s.marshal == nil {
		return nil, errors.New("durable: SerdesOf was given no marshal function")
	}
	t, ok := v.(T)
	if !ok {
		var zero T
		if v == nil { // a nil value of an interface type has lost its type on the way
			return s.marshal(ctx, meta, zero)
		}
		return nil, fmt.Errorf("durable: the serdes takes %T, not %T", zero, v)
	}
	return s.marshal(ctx, meta, t)
}

func (s typedSerdes[T]) Unmarshal(ctx context.Context, meta SerdesContext, data []byte, v any) error {
	if s.unmarshal == nil {
		return errors.New("durable: SerdesOf was given no unmarshal function")
	}
	p, ok := v.(*T)
	if !ok {
		return fmt.Errorf("durable: the serdes gives %T, not %T", p, v)
	}
	t, err := s.unmarshal(ctx, meta, data)
	if err == nil {
		*p = t
	}
	return err
}

type retryableSerdes struct{ error }

func (e retryableSerdes) Unwrap() error        { return e.error }
func (e retryableSerdes) Is(target error) bool { return target == ErrRetryableSerdes }

// RetryableSerdesError marks a serdes failure as transient: nothing is recorded, and the invocation ends with an error
// so that the service tries again. A nil err stays nil.
func RetryableSerdesError(err error) error {
	if err == nil {
		return nil
	}
	return retryableSerdes{err}
}
