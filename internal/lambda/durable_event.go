package lambda

import (
	"encoding/json"
	"strings"
	"time"
)

// StatusChange is told when an execution starts or closes, as the service tells EventBridge (section 2.7).
type StatusChange struct {
	ExecutionARN string
	Name         string
	FunctionARN  string // qualified
	Status       string
	Started      time.Time
	Ended        time.Time // zero while RUNNING
	Operations   int       // started so far
	Written      int64     // bytes of data written so far
}

// statusEvent is an event of EventBridge, its members in the order in which AWS writes them.
type statusEvent struct {
	Version    string       `json:"version"`
	ID         string       `json:"id"`
	DetailType string       `json:"detail-type"`
	Source     string       `json:"source"`
	Account    string       `json:"account"`
	Time       string       `json:"time"`
	Region     string       `json:"region"`
	Resources  []string     `json:"resources"`
	Detail     statusDetail `json:"detail"`
}

type statusDetail struct {
	ARN         string `json:"durableExecutionArn"`
	Name        string `json:"durableExecutionName"`
	FunctionARN string `json:"functionArn"`
	Status      string `json:"status"`
	Started     string `json:"startTimestamp"`
	Ended       string `json:"endTimestamp,omitempty"`
}

// Event is the change as the event that AWS sends.
func (c *StatusChange) Event(id string) []byte {
	const millis = "2006-01-02T15:04:05.000Z07:00"
	at := c.Started
	e := statusEvent{Version: "0", ID: id, DetailType: "Durable Execution Status Change", Source: "aws.lambda", Resources: []string{c.ExecutionARN},
		Detail: statusDetail{ARN: c.ExecutionARN, Name: c.Name, FunctionARN: c.FunctionARN, Status: c.Status, Started: c.Started.UTC().Format(millis)}}
	if !c.Ended.IsZero() {
		at, e.Detail.Ended = c.Ended, c.Ended.UTC().Format(millis)
	}
	e.Time = at.UTC().Format(time.RFC3339)
	if words := strings.SplitN(c.ExecutionARN, ":", 6); len(words) == 6 {
		e.Region, e.Account = words[3], words[4]
	}
	b, _ := json.Marshal(e) // texts always encode
	return b
}
