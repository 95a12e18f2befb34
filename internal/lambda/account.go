package lambda

import (
	"context"

	"github.com/perdure/perdure/internal/api"
)

func (s *Service) accountSettings(ctx context.Context, r *api.Request) (*api.Response, error) {
	count, reserved, size := 0, 0, int64(0)
	err := s.each(ctx, r.Region, r.Account, func(f *record) {
		count++
		size += f.Latest.Config.CodeSize
		if f.Reserved != nil {
			reserved += *f.Reserved
		}
	})
	if err != nil {
		return nil, err
	}
	return answer(map[string]map[string]any{
		"AccountLimit": {
			"TotalCodeSize": int64(80_530_636_800), "CodeSizeUnzipped": maxUnzipped, "CodeSizeZipped": maxZipped,
			"ConcurrentExecutions": accountConcurrency, "UnreservedConcurrentExecutions": accountConcurrency - reserved,
		},
		"AccountUsage": {"TotalCodeSize": size, "FunctionCount": count},
	})
}

// codeSigning answers that a function's code is not signed; tools ask.
func (s *Service) codeSigning(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := wholeFunction(r)
	if err != nil {
		return nil, err
	}
	if f, err := s.cat.find(ctx, name); err != nil {
		return nil, err
	} else if f == nil {
		return nil, name.notFound()
	}
	return answer(map[string]string{"FunctionName": name.name, "CodeSigningConfigArn": ""})
}
