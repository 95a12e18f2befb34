// Package lambda is the AWS Lambda service: functions, versions, aliases, invoke, and durable executions.
//
// Two halves meet in version.go: functions (the catalogue and plain invokes) and durable executions (entities of kind
// 'd' on the engine). Each file names its idea; operations are listed as api.Operation and know nothing of HTTP framing.
package lambda

import (
	"context"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/host"
)

// Version is one version of a function as an invoke resolved it. It is immutable; an execution stays pinned to it.
type Version struct {
	Region       string
	Account      string
	FunctionName string // unqualified name
	Version      string // "$LATEST", "$LATEST.PUBLISHED" or a number, never an alias
	FunctionARN  string // unqualified
	Spec         *host.Spec
	Durable      *DurableConfig // nil for a plain function
	Qualified    bool           // the caller named a version or alias, in the function name or beside it
	TenantOnly   bool           // TenancyConfig PER_TENANT: an invoke must name a tenant
}

// QualifiedARN is the function's ARN with the resolved version.
func (v *Version) QualifiedARN() string { return v.FunctionARN + ":" + v.Version }

// DurableConfig makes a function durable (spec durable-execution.md section 1.1). Zero members were not given.
type DurableConfig struct {
	ExecutionTimeout      int    `json:"ExecutionTimeout,omitempty"`      // seconds, 1..31,622,400
	RetentionPeriodInDays int    `json:"RetentionPeriodInDays,omitempty"` // 1..90, 14 unless given
	KMSKeyArn             string `json:"KMSKeyArn,omitempty"`
}

// Functions is what durable executions need of the functions' side: resolve a name, find a pinned version again, run
// code. The catalogue implements it.
type Functions interface {
	// Resolve finds a function by any form of its name (name, name:qualifier, partial or full ARN) and a qualifier, which
	// may be empty. Aliases are drawn once. Failures are *api.Error as Invoke answers them.
	Resolve(ctx context.Context, region, account, name, qualifier string) (*Version, error)
	// VersionByNumber finds a version by its exact number or "$LATEST", for the re-invocation of an execution. A version that
	// is gone is an *api.Error with code ResourceNotFoundException.
	VersionByNumber(ctx context.Context, region, account, function, version string) (*Version, error)
	// Run invokes the code of a version once, within its concurrency, and records its log. Errors are those of host.Host.
	Run(ctx context.Context, v *Version, in *host.Invocation) (*host.Result, error)
}

// DurableInvoke is an invoke of a durable function that has passed the checks common to all functions: names, existence,
// state, payload size and JSON.
type DurableInvoke struct {
	Version  *Version
	Name     string // X-Amz-Durable-Execution-Name; empty: a new UUID
	Payload  []byte // as received; nil when the request had no body
	Event    bool   // InvocationType Event: answer once the start is durable
	TraceID  string
	TenantID string
	// RequestID names an execution that has no Name: an invoke that is repeated under one id, because its caller crashed
	// before it knew of the answer, finds the execution it began. Empty: a new UUID.
	RequestID string
}

// InvokeResult is what an invoke answers, of durable and plain functions alike.
type InvokeResult struct {
	Status          int    // HTTP: 200, 202 or 204
	ExecutionARN    string // X-Amz-Durable-Execution-Arn
	ExecutedVersion string // X-Amz-Executed-Version; empty for Event
	FunctionError   string // X-Amz-Function-Error: "Unhandled"
	Log             []byte // last 4,096 bytes of the log, not encoded
	Payload         []byte
}

// Unqualified is the refusal of a durable function that was addressed without a version or alias; nil otherwise. It
// comes before the check of the function's state.
func (v *Version) Unqualified() error {
	if v.Durable == nil || v.Qualified {
		return nil
	}
	return api.Errorf("InvalidParameterValueException", "You cannot invoke a durable function using an unqualified ARN.")
}

// Executions is what the functions' side needs of durable executions; *Durable implements it.
type Executions interface {
	// Check refuses what a durable invoke may not be: a bad execution name, a synchronous invoke of a version whose execution
	// timeout exceeds 15 minutes. A DryRun is a Check without an Invoke.
	Check(in *DurableInvoke) error
	// Invoke starts the execution, or finds the one its name already stands for, and answers: at once for Event, otherwise
	// when the execution has closed. ctx ends only the waiting. It includes Check.
	Invoke(ctx context.Context, in *DurableInvoke) (*InvokeResult, error)
	// Running counts the open executions of a function, for the draining of a deleted one.
	Running(ctx context.Context, region, account, function string) (int, error)
}
