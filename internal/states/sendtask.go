package states

import (
	"context"
	"errors"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
)

type sendIn struct {
	Token  *string `json:"taskToken"`
	Output *string `json:"output"`
	Error  *string `json:"error"`
	Cause  *string `json:"cause"`
}

const (
	maxTaskToken = 2048
	maxError     = 256
	maxCause     = 32768
)

func (s *Service) sendSuccess(ctx context.Context, r *api.Request, in *sendIn) (*struct{}, error) {
	var c constraints
	c.need("taskToken", in.Token, 1, maxTaskToken)
	if in.Output == nil {
		c.missing("output")
	}
	c.data("output", in.Output, maxData)
	if err := c.err(); err != nil {
		return nil, err
	}
	if _, _, err := readToken(*in.Token); err != nil {
		return nil, err
	}
	if _, err := value.Decode([]byte(*in.Output), value.Limits{}); err != nil {
		return nil, api.Errorf("InvalidOutput", "Invalid Output: '%s'", jsonProblem(*in.Output))
	}
	return s.send(ctx, r, *in.Token, func(key string) asl.Input {
		return asl.TaskSucceeded{Key: key, Output: []byte(*in.Output)}
	})
}

func (s *Service) sendFailure(ctx context.Context, r *api.Request, in *sendIn) (*struct{}, error) {
	var c constraints
	c.need("taskToken", in.Token, 1, maxTaskToken)
	c.secret("error", in.Error, 0, maxError)
	c.secret("cause", in.Cause, 0, maxCause)
	if err := c.err(); err != nil {
		return nil, err
	}
	return s.send(ctx, r, *in.Token, func(key string) asl.Input {
		return asl.TaskFailed{Key: key, Error: in.Error, Cause: in.Cause}
	})
}

func (s *Service) sendHeartbeat(ctx context.Context, r *api.Request, in *sendIn) (*struct{}, error) {
	var c constraints
	c.need("taskToken", in.Token, 1, maxTaskToken)
	if err := c.err(); err != nil {
		return nil, err
	}
	return s.send(ctx, r, *in.Token, func(key string) asl.Input { return asl.TaskHeartbeat{Key: key} })
}

// send gives an input to the task that a token is for.
func (s *Service) send(ctx context.Context, r *api.Request, token string, in func(key string) asl.Input) (*struct{}, error) {
	id, key, err := readToken(token)
	if err != nil {
		return nil, err
	}
	if r.Account != "" && tokenAccount(id) != r.Account {
		return nil, api.Errorf("InvalidToken", "Invalid Token: 'Invalid token'")
	}
	_, err = s.engine.Call(ctx, id, engine.Message{Type: msgInput, Key: key, Value: in(key)})
	if errors.Is(err, asl.ErrNoTask) || errors.Is(err, asl.ErrClosed) || errors.Is(err, errGone) {
		return nil, api.Errorf("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
	}
	if err != nil {
		return nil, err
	}
	return &struct{}{}, nil
}
