package states

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// maxCompiled is how many compiled definitions are kept in memory.
const maxCompiled = 2000

// machines compiles definitions once and keeps them.
type machines struct {
	mu   sync.RWMutex
	made map[compiledKey]*asl.Machine
}

type compiledKey struct {
	hash    string
	express bool
}

func definitionHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func definitionBlob(hash string) string { return "states/definition/" + hash }

// define checks a definition, keeps it under its hash and answers that. Errors are those of CreateStateMachine.
func (s *Service) define(ctx context.Context, text string, express bool) (string, error) {
	hash := definitionHash(text)
	if s.machines.get(compiledKey{hash, express}) != nil {
		return hash, s.keepDefinition(ctx, hash, text)
	}
	m, found := asl.Parse([]byte(text), asl.Options{Express: express})
	if why := asl.Invalid(found); why != "" || m == nil {
		return "", &api.Error{Code: "InvalidDefinition", Message: why}
	}
	s.machines.put(compiledKey{hash, express}, m)
	return hash, s.keepDefinition(ctx, hash, text)
}

func (s *Service) keepDefinition(ctx context.Context, hash, text string) error {
	return s.engine.Store().PutBlob(ctx, definitionBlob(hash), []byte(text))
}

// definition is the text kept under a hash.
func (s *Service) definition(ctx context.Context, hash string) (string, error) {
	text, err := s.engine.Store().Blob(ctx, definitionBlob(hash))
	return string(text), err
}

// machine is the compiled form of a definition that has been accepted before.
func (s *Service) machine(ctx context.Context, hash string, express bool) (*asl.Machine, error) {
	k := compiledKey{hash, express}
	if m := s.machines.get(k); m != nil {
		return m, nil
	}
	text, err := s.definition(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("the definition %s cannot be read: %w", hash, err)
	}
	m, found := asl.Parse([]byte(text), asl.Options{Express: express})
	if m == nil {
		return nil, fmt.Errorf("the definition %s is no longer understood: %s", hash, asl.Invalid(found))
	}
	s.machines.put(k, m)
	return m, nil
}

func (c *machines) get(k compiledKey) *asl.Machine {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.made[k]
}

func (c *machines) put(k compiledKey, m *asl.Machine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil || len(c.made) >= maxCompiled {
		c.made = map[compiledKey]*asl.Machine{}
	}
	c.made[k] = m
}

// isNotFound tells the absence of something in the store from its failures.
func isNotFound(err error) bool { return err != nil && errors.Is(err, store.ErrNotFound) }
