package arn

import "regexp"

// DurableExecution names one execution of a durable function. The version in it is resolved, never an alias.
type DurableExecution struct {
	Partition, Region, Account string
	Function                   string
	Version                    string // "$LATEST", "$LATEST.PUBLISHED" or a number
	Name                       string // execution name
	ID                         string // server-made, a UUID
}

// DurableExecutionPattern is the ARN's pattern as the Lambda model writes it.
const DurableExecutionPattern = `arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\d{12}):function:([a-zA-Z0-9_-]+):` +
	`(\$LATEST(?:\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_-]+)`

var durableExecution = regexp.MustCompile("^" + DurableExecutionPattern + "$")

// ParseDurableExecution splits the ARN of a durable execution; ok is false if it is none, or longer than 1,024 bytes.
func ParseDurableExecution(s string) (d DurableExecution, ok bool) {
	if len(s) > 1024 {
		return d, false
	}
	m := durableExecution.FindStringSubmatch(s)
	if m == nil {
		return d, false
	}
	return DurableExecution{m[1], m[2], m[3], m[4], m[5], m[6], m[7]}, true
}

// String is the text form.
func (d DurableExecution) String() string {
	return d.FunctionARN() + "/durable-execution/" + d.Name + "/" + d.ID
}

// FunctionARN is the qualified ARN of the function version that runs the execution.
func (d DurableExecution) FunctionARN() string {
	return "arn:" + d.Partition + ":lambda:" + d.Region + ":" + d.Account + ":function:" + d.Function + ":" + d.Version
}
