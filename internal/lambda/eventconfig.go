package lambda

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

const eventConfigPath = "/2019-09-25/functions/{FunctionName}/event-invoke-config"

func formatFloat(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func hex8(n int64) string { return fmt.Sprintf("%08x", n) }

// eventConfig is how asynchronous events of a function, version or alias are retried, and what becomes of them.
type eventConfig struct {
	LastModified             float64
	FunctionArn              string
	MaximumRetryAttempts     *int              `json:",omitempty"`
	MaximumEventAgeInSeconds *int              `json:",omitempty"`
	DestinationConfig        destinationConfig `json:",omitzero"`
}

type destinationConfig struct {
	OnSuccess *destination `json:",omitempty"`
	OnFailure *destination `json:",omitempty"`
}

type destination struct {
	Destination string `json:",omitempty"`
}

// to is the ARN of a destination; empty if there is none.
func (d *destination) to() string {
	if d == nil {
		return ""
	}
	return d.Destination
}

type eventConfigInput struct {
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
	DestinationConfig        *destinationConfig
}

var destinationPattern = newPattern(`$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)`,
	`|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9\-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)`)

func (in *eventConfigInput) check() error {
	var c checks
	c.between(in.MaximumRetryAttempts, "maximumRetryAttempts", 0, 2)
	c.between(in.MaximumEventAgeInSeconds, "maximumEventAgeInSeconds", 60, 21_600)
	if d := in.DestinationConfig; d != nil {
		c.longest(d.OnSuccess.to(), "destinationConfig.onSuccess.destination", 350)
		c.like(d.OnSuccess.to(), "destinationConfig.onSuccess.destination", destinationPattern)
		c.longest(d.OnFailure.to(), "destinationConfig.onFailure.destination", 350)
		c.like(d.OnFailure.to(), "destinationConfig.onFailure.destination", destinationPattern)
	}
	if err := c.err(); err != nil {
		return err
	}
	if in.MaximumRetryAttempts == nil && in.MaximumEventAgeInSeconds == nil && in.DestinationConfig == nil {
		return invalid("You must specify at least one of error handling or destination setting.")
	}
	return nil
}

func noEventConfig(name ref) error {
	return &api.Error{Code: "ResourceNotFoundException", Status: 404, Upper: true,
		Message: "The function " + name.full() + " doesn't have an EventInvokeConfig"}
}

// configured reads the name of an operation on event configurations; the function itself counts as $LATEST.
func configured(r *api.Request) (ref, error) {
	name, err := named(r, functionNamePattern)
	if err == nil && name.qualifier == "" {
		name.qualifier = "$LATEST"
	}
	return name, err
}

func (s *Service) putEventConfig(ctx context.Context, r *api.Request) (*api.Response, error) {
	return s.changeEventConfig(ctx, r, false)
}

func (s *Service) updateEventConfig(ctx context.Context, r *api.Request) (*api.Response, error) {
	return s.changeEventConfig(ctx, r, true)
}

// changeEventConfig sets a configuration, or merges into the one there is.
func (s *Service) changeEventConfig(ctx context.Context, r *api.Request, merge bool) (*api.Response, error) {
	name, err := configured(r)
	if err != nil {
		return nil, err
	}
	in, err := body[eventConfigInput](r)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var out eventConfig
	err = s.cat.change(ctx, name.with(""), func(f *record) ([]store.Doc, error) {
		if err := s.known(ctx, f, name); err != nil {
			return nil, err
		}
		c := f.Events[name.qualifier]
		if merge && c == nil {
			return nil, noEventConfig(name)
		}
		if !merge {
			c = &eventConfig{FunctionArn: name.full()}
		}
		if in.MaximumRetryAttempts != nil {
			c.MaximumRetryAttempts = in.MaximumRetryAttempts
		}
		if in.MaximumEventAgeInSeconds != nil {
			c.MaximumEventAgeInSeconds = in.MaximumEventAgeInSeconds
		}
		if in.DestinationConfig != nil {
			c.DestinationConfig = *in.DestinationConfig
		}
		c.LastModified = epochSeconds(s.eng.Now().Truncate(time.Millisecond))
		if f.Events == nil {
			f.Events = map[string]*eventConfig{}
		}
		f.Events[name.qualifier] = c
		out = *c
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	return answer(out.shown())
}

// shown is the configuration as answers have it: with both destinations, empty or not.
func (c eventConfig) shown() eventConfig {
	if c.DestinationConfig.OnSuccess == nil {
		c.DestinationConfig.OnSuccess = &destination{}
	}
	if c.DestinationConfig.OnFailure == nil {
		c.DestinationConfig.OnFailure = &destination{}
	}
	return c
}

func (s *Service) getEventConfig(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := configured(r)
	if err != nil {
		return nil, err
	}
	f, err := s.cat.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, noEventConfig(name)
	}
	c := f.Events[name.qualifier]
	if c == nil {
		return nil, noEventConfig(name)
	}
	return answer(c.shown())
}

func (s *Service) deleteEventConfig(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := configured(r)
	if err != nil {
		return nil, err
	}
	err = s.cat.change(ctx, name.with(""), func(f *record) ([]store.Doc, error) {
		if f.Events[name.qualifier] == nil {
			return nil, noEventConfig(name)
		}
		delete(f.Events, name.qualifier)
		return nil, nil
	})
	return &api.Response{}, err
}

func (s *Service) listEventConfigs(ctx context.Context, r *api.Request) (*api.Response, error) {
	l, err := s.list(ctx, r)
	if err != nil {
		return nil, err
	}
	out := struct {
		FunctionEventInvokeConfigs []eventConfig
		NextMarker                 string `json:",omitempty"`
	}{FunctionEventInvokeConfigs: []eventConfig{}}
	qualifiers, next := page(l, l.f.Events, nil)
	for _, q := range qualifiers {
		out.FunctionEventInvokeConfigs = append(out.FunctionEventInvokeConfigs, l.f.Events[q].shown())
	}
	out.NextMarker = next
	return answer(out)
}
