package states

import (
	"context"
	"errors"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

const (
	readPrefix  = "read:"
	writePrefix = "write:"
)

func (s *Service) applyRuns(tx engine.Tx, l *live, d *asl.Delta) error { return nil }

func (s *Service) beginTurn(tx engine.Tx, m engine.Message) error { return nil }

func (s *Service) childClosed(tx engine.Tx, l *live, m engine.Message) error { return nil }

func (l *live) tellRun(tx engine.Tx, f *asl.Finish) error { return nil }

func (s *Service) runAnswered(tx engine.Tx, l *live, m engine.Message) error { return nil }

func (s *Service) runRead(ctx context.Context, e store.Effect) ([]byte, error) {
	return nil, errors.New("")
}

func (s *Service) runWrite(ctx context.Context, e store.Effect) ([]byte, error) {
	return nil, errors.New("")
}
