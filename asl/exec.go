package asl

import (
	"errors"
	"time"
)

// Info says which execution an Exec is: what the context object shows and what the first event records. It is kept in
// the execution's own row, so it is given once, to New.
type Info struct {
	ID               string // ARN of the execution; $$.Execution.Id
	Name             string // $$.Execution.Name
	Role             string // ARN; $$.Execution.RoleArn
	Machine          string // ARN of the state machine without version or alias; $$.StateMachine.Id
	MachineName      string // $$.StateMachine.Name
	Version          string // ARN of the version the execution was started by; empty if none
	Alias            string // ARN of the alias the execution was started by; empty if none
	Region           string // of the TaskScheduled events
	Account          string
	Input            []byte    // JSON as received, white space kept
	Start            time.Time // $$.Execution.StartTime
	Express          bool
	Sync             bool // started by StartSyncExecution: the context object has no RedriveCount
	RedriveCount     int
	Redriven         time.Time // $$.Execution.RedriveTime, zero before the first redrive
	MapRun           string    // ARN of the map run of which this is a child; empty if none
	ToleratedRedrive int       // unused by the interpreter, kept for its owner
}

// Limits are the quotas of spec section 6. Zero members mean AWS's numbers, negative ones no limit.
type Limits struct {
	Payload     int // bytes of a state's input, output or result: 262,144
	Events      int // history events: 25,000
	Transitions int // states entered or tasks begun by one Step, after which Delta.Again is set: 1,000
}

// Env is what a Step may ask of the world. The engine's Tx is one.
type Env interface {
	Now() time.Time    // the same during a Step
	Random() float64   // in [0,1)
	NewID() string     // a new UUID
	NextEvent() uint64 // number of the first event this Step will append; not called twice in a Step
}

// Tokens is implemented by an Env that makes task tokens of its own: opaque texts of at most 1,024 bytes by which the
// caller finds the execution and the task key again. Without it, tokens are new UUIDs.
type Tokens interface {
	TaskToken(key string) string
}

// Activities is implemented by an Env that knows whether an activity exists. Without it every activity does.
type Activities interface {
	ActivityExists(arn string) bool
}

// Mocks is implemented by an Env that answers tasks out of a mock configuration (spec section 7.1). MockTask tells the
// answer to the attempt'th run (from 0) of a state in this execution; ok is false if the state is not mocked.
type Mocks interface {
	MockTask(state string, attempt int) (answer TaskResult, ok bool)
}

// Input is what makes a Step: one of Start, Continue, TaskSubmitted, TaskStarted, TaskSucceeded, TaskFailed,
// TaskHeartbeat, TimerDue, Stop, Redrive, ItemsRead, ChildClosed, ResultsWritten.
type Input interface{ input() }

type (
	// Start begins the execution. It is the first input, once.
	Start struct{}
	// Continue goes on where the last Step set Delta.Again.
	Continue struct{}
	// TaskSubmitted tells that the call of a .sync or .waitForTaskToken task was answered; the state goes on waiting.
	TaskSubmitted struct {
		Key    string
		Output []byte // JSON
	}
	// TaskStarted tells that a worker has taken an activity task. Other tasks start by themselves.
	TaskStarted struct{ Key, Worker string }
	// TaskSucceeded ends a task. It may come before TaskSubmitted, when a token was answered early.
	TaskSucceeded struct {
		Key    string
		Output []byte // JSON
	}
	// TaskFailed ends a task. Error and Cause are nil if SendTaskFailure was called without them.
	TaskFailed struct {
		Key          string
		Error, Cause *string
	}
	// TaskHeartbeat puts the heartbeat deadline of a task off.
	TaskHeartbeat struct{ Key string }
	// TimerDue tells that a timer set by a Delta is due. All timers that are due by Now are dealt with at once; the keys
	// of the others are in Delta.ClearTimers.
	TimerDue struct{ Key string }
	// Stop aborts the execution (StopExecution).
	Stop struct{ Error, Cause *string }
	// Redrive runs a failed, aborted or timed out execution again from where it ended.
	Redrive struct{}
)

func (Start) input()         {}
func (Continue) input()      {}
func (TaskSubmitted) input() {}
func (TaskStarted) input()   {}
func (TaskSucceeded) input() {}
func (TaskFailed) input()    {}
func (TaskHeartbeat) input() {}
func (TimerDue) input()      {}
func (Stop) input()          {}
func (Redrive) input()       {}

// TaskResult is the answer of a mock. Error empty means success.
type TaskResult struct {
	Output       []byte
	Error, Cause string
	Runtime      bool // the mock itself is at fault: States.Runtime with Cause
}

// Errors of Step. Nothing has changed when they are returned.
var (
	// ErrNoTask: there is no such task, or it has ended; AWS answers TaskTimedOut.
	ErrNoTask = errors.New("the task does not exist anymore")
	// ErrClosed: the execution has ended.
	ErrClosed = errors.New("the execution has ended")
	// ErrOrder: the input does not fit, such as a second Start or a Redrive of a running execution.
	ErrOrder = errors.New("the input does not fit the execution's status")
)

// Delta is what a Step changed and what it asks for. Its order within each member is the order to apply it in.
type Delta struct {
	Put          []Row      // rows to write
	Delete       []string   // keys of rows to remove; disjoint from Put
	Events       [][]byte   // history, as GetExecutionHistory answers it, numbered from Env.NextEvent on
	SetTimers    []Timer    // set or moved
	ClearTimers  []string   // no longer wanted
	Schedule     []Task     // calls to make, after the commit
	Cancel       []string   // keys of tasks whose answer is no longer wanted; a .sync job is to be stopped if possible
	Read         []Read     // item sources to read for Distributed Maps
	Children     []Child    // child executions to start for Distributed Maps
	StopChildren []ChildRef // open children of map runs that are to be stopped
	Runs         []MapRun   // map runs as they are after the Step, if they changed
	Write        []Write    // results to export for Distributed Maps
	Finish       *Finish    // the execution has ended
	Again        bool       // the Step's budget is used up: Step(Continue{}) goes on
}

// Row is a part of the execution's state: a key of at most a few hundred bytes and its value.
type Row struct {
	Key   string
	Value []byte
}

// Timer is wanted at Due.
type Timer struct {
	Key string
	Due time.Time
}

// Task is a call to make. It is to be answered by TaskSucceeded or TaskFailed (and TaskSubmitted, before, for the
// patterns that wait); answers to a key that was cancelled or has ended are refused with ErrNoTask.
type Task struct {
	Key       string   // unique in the execution, new for each attempt
	State     string   // name of the state
	Attempt   int      // runs of this state in this execution before this one
	Resource  Resource // parsed
	Arguments []byte   // JSON
	Token     string   // for .waitForTaskToken, .sync and activities
	Role      string   // Credentials, evaluated; empty: the execution's role
	Timeout   int64    // seconds; 0: none. The interpreter keeps the timer itself
	Heartbeat int64    // seconds; 0: none. The interpreter keeps the timer itself
}

// Finish is how the execution ended.
type Finish struct {
	Status       Status
	Output       []byte  // of SUCCEEDED
	Error, Cause *string // of FAILED and ABORTED; nil if not given
}

// Status of an execution.
type Status string

// The statuses of an execution.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)
