package states

import (
	"log/slog"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/host"
	"github.com/perdure/perdure/internal/states/items"
	"github.com/perdure/perdure/internal/task"
)

// Kinds are the kinds of entity that Behaviour is to be registered for. Of them, Forgets may live in the engine's
// ephemeral store.
const (
	Kinds   = "mxqr"
	Forgets = "x"
)

// Target is what precedes the operation in X-Amz-Target, Namespace the error code in __type.
const (
	Target    = "AWSStepFunctions"
	Namespace = "com.amazonaws.swf.service.v2.model"
)

// Config is what the service is made of.
type Config struct {
	Engine engine.API
	// Runners do the calls of Task states by service name: "lambda", "states", "sqs". "aws-sdk" does those of every
	// "aws-sdk:..." service. The map may be filled until the engine starts.
	Runners map[string]task.Runner
	Objects items.Objects // nil: Distributed Maps neither read nor write objects
	Limits  asl.Limits
	Mocks   MockSource   // nil: no task is mocked
	Logs    LogGroups    // nil: logging configurations are stored and not acted on
	Log     *slog.Logger // nil discards
}

// LogGroups are those of CloudWatch Logs, to which executions log.
type LogGroups interface {
	host.LogSink
	LogGroupExists(region, account, name string) bool
}

// Service is Step Functions. Safe for concurrent use.
type Service struct {
	engine   engine.API
	runners  map[string]task.Runner
	objects  items.Objects
	limits   asl.Limits
	mocks    MockSource
	logs     LogGroups
	log      *slog.Logger
	machines machines
	pollers  pollers
}

// New makes a service. Its Behaviour is to be registered with the engine before that starts.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Runners == nil {
		c.Runners = map[string]task.Runner{}
	}
	return &Service{engine: c.Engine, runners: c.Runners, objects: c.Objects, limits: c.Limits, mocks: c.Mocks, logs: c.Logs, log: c.Log}
}

// Behaviour is what the engine runs for entities of Kinds.
func (s *Service) Behaviour() engine.Behaviour { return behaviour{s} }
