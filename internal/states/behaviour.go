package states

import (
	"context"
	"errors"

	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

type behaviour struct{ s *Service }

func (b behaviour) Turn(tx engine.Tx, m engine.Message) error { return errors.New("not reached") }

func (b behaviour) Run(ctx context.Context, e store.Effect) ([]byte, error) {
	return nil, errors.New("not reached")
}
