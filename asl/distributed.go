package asl

import "time"

// Read asks for the items of a Distributed Map's ItemReader, to be answered with ItemsRead.
type Read struct {
	Key       string // of the map run
	Resource  Resource
	Arguments []byte // JSON: Bucket, Key, Prefix, ...
	Config    []byte // JSON: the ReaderConfig, evaluated
	MaxItems  int64  // 0: all
}

// Child asks for a child execution of a map run, to be answered with ChildClosed.
type Child struct {
	Run   string // key of the map run
	State string // name of the Map state, for Machine.Processor
	Index int    // of the child, from 0
	Items int    // how many items it holds; 1 without ItemBatcher
	Input []byte
	// Redrive: the child has run before and failed; it is to go on rather than to be started.
	Redrive bool
	Attempt int  // how often the run has been redriven; given back by ChildClosed
	Wants   Want // what ChildClosed must tell
}

// Want says what a map run needs of a child beside its Status.
type Want string

const (
	WantAll    Want = ""       // Output or, of one that did not succeed, Record
	WantRecord Want = "record" // Record
	WantStatus Want = "status" // nothing more
)

// ChildRef names a child of a map run.
type ChildRef struct {
	Run   string // key of the map run
	Index int
}

// Write asks for the results of a map run to be exported, to be answered with ResultsWritten.
type Write struct {
	Key       string
	Resource  Resource
	Arguments []byte // JSON: Bucket, Prefix
	Config    []byte // JSON: the WriterConfig
}

// MapRun is the state of a map run (spec section 3.7). Counts of items and of executions.
type MapRun struct {
	Key                 string
	ID                  string // UUID, the last part of the ARN
	ARN                 string
	State               string // name of the Map state
	Label               string
	ExecutionType       string // STANDARD, EXPRESS
	Status              Status // RUNNING, SUCCEEDED, FAILED, ABORTED
	Start, Stop         time.Time
	MaxConcurrency      int
	ToleratedCount      int64
	ToleratedPercentage float64
	Items, Executions   Counts
	RedriveCount        int
	Redriven            time.Time
	Children            int // started so far
}

// Counts of a map run.
type Counts struct {
	Pending, Running, Succeeded, Failed, TimedOut, Aborted, Total, ResultsWritten int
}

type (
	// ItemsRead answers a Read: the items, or an error (States.ItemReaderFailed).
	ItemsRead struct {
		Key          string
		Items        []byte // JSON array, or object
		Source       string // $$.Map.Item.Source
		Error, Cause string
	}
	// ChildClosed answers a Child.
	ChildClosed struct {
		Run     string
		Index   int
		Attempt int // of the Child; an answer to an earlier one is ignored
		Status  Status
		Output  []byte // if it succeeded; see Child.Wants
		Record  []byte // the execution as a JSON object
	}
	// ResultsWritten answers a Write.
	ResultsWritten struct {
		Key          string
		Bucket, Path string
		Error, Cause string
	}
	// MapRunChanged takes new limits over (UpdateMapRun). Negative members are left as they are.
	MapRunChanged struct {
		Key                 string
		MaxConcurrency      int
		ToleratedCount      int64
		ToleratedPercentage float64
	}
)

func (ItemsRead) input()      {}
func (ChildClosed) input()    {}
func (ResultsWritten) input() {}
func (MapRunChanged) input()  {}
