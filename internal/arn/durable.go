package arn

import "strings"

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

// ParseDurableExecution splits the ARN of a durable execution; ok is false if it is none, or longer than 1,024 bytes.
func ParseDurableExecution(s string) (d DurableExecution, ok bool) {
	if len(s) > 1024 {
		return d, false
	}
	head, tail, cut := strings.Cut(s, "/durable-execution/")
	name, id, cut2 := strings.Cut(tail, "/")
	var w [8]string // arn, partition, lambda, region, account, function, name, version
	n := 0
	for part := range strings.SplitSeq(head, ":") {
		if n == len(w) {
			return d, false
		}
		w[n] = part
		n++
	}
	if !cut || !cut2 || n != len(w) || w[0] != "arn" || w[2] != "lambda" || w[5] != "function" {
		return d, false
	}
	d = DurableExecution{w[1], w[3], w[4], w[6], w[7], name, id}
	ok = only(d.Partition, "-") && only(d.Region, "-") && len(d.Account) == 12 && digits(d.Account) &&
		only(d.Function, "-_") && only(name, "-_") && only(id, "-_") &&
		(d.Version == "$LATEST" || d.Version == "$LATEST.PUBLISHED" || digits(d.Version))
	return d, ok
}

// only tells whether s is a word of letters, digits and the given marks.
func only(s, marks string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte(marks, c) < 0 {
			return false
		}
	}
	return s != ""
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// String is the text form.
func (d DurableExecution) String() string {
	return d.FunctionARN() + "/durable-execution/" + d.Name + "/" + d.ID
}

// FunctionARN is the qualified ARN of the function version that runs the execution.
func (d DurableExecution) FunctionARN() string {
	return "arn:" + d.Partition + ":lambda:" + d.Region + ":" + d.Account + ":function:" + d.Function + ":" + d.Version
}
