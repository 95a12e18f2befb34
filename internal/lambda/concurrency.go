package lambda

import (
	"context"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

const (
	accountConcurrency = 1000 // of all functions together, as in a new AWS account
	leastUnreserved    = 100
)

type concurrency struct{ ReservedConcurrentExecutions int }

// wholeFunction reads the name for an operation that is not for versions and aliases.
func wholeFunction(r *api.Request) (ref, error) {
	name, err := named(r, functionNamePattern)
	if err == nil && name.qualifier != "" {
		err = invalid("This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.")
	}
	return name, err
}

func (s *Service) putConcurrency(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := wholeFunction(r)
	if err != nil {
		return nil, err
	}
	in, err := body[struct{ ReservedConcurrentExecutions *int }](r)
	if err != nil {
		return nil, err
	}
	var c checks
	if in.ReservedConcurrentExecutions == nil {
		c.add("null", "reservedConcurrentExecutions", "Member must not be null")
		return nil, c.err()
	}
	n := *in.ReservedConcurrentExecutions
	if n < 0 {
		c.between(&n, "reservedConcurrentExecutions", 0, accountConcurrency)
		return nil, c.err()
	}
	others, err := s.reserved(ctx, name)
	if err != nil {
		return nil, err
	}
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		if accountConcurrency-others-n < leastUnreserved {
			return nil, invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", leastUnreserved)
		}
		f.Reserved = &n
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	s.gate.limit(name.key(), &n)
	return answer(concurrency{n})
}

// reserved sums the reservations of an account's functions but one.
func (s *Service) reserved(ctx context.Context, except ref) (int, error) {
	total := 0
	err := s.each(ctx, except.region, except.account, func(f *record) {
		if f.Reserved != nil && f.Name != except.name {
			total += *f.Reserved
		}
	})
	return total, err
}

// each calls do for every function of an account in a region.
func (s *Service) each(ctx context.Context, region, account string, do func(*record)) error {
	prefix, after := region+"/"+account+"/", ""
	for {
		docs, err := s.eng.Store().Docs(ctx, spaceFunction, prefix, after, 200)
		if err != nil {
			return err
		}
		for _, d := range docs {
			f, err := decodeFunction(d)
			if err != nil {
				return err
			}
			do(f)
			after = d.Key
		}
		if len(docs) < 200 {
			return nil
		}
	}
}

func (s *Service) deleteConcurrency(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := wholeFunction(r)
	if err != nil {
		return nil, err
	}
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		f.Reserved = nil
		return nil, nil
	})
	if err == nil {
		s.gate.limit(name.key(), nil)
	}
	return &api.Response{}, err
}

func (s *Service) getConcurrency(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := wholeFunction(r)
	if err != nil {
		return nil, err
	}
	f, err := s.found(ctx, name)
	if err != nil {
		return nil, err
	}
	if f.Reserved == nil {
		return answer(struct{}{})
	}
	return answer(concurrency{*f.Reserved})
}
