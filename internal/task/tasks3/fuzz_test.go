package tasks3

import (
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/support/s3"
	"github.com/perdure/perdure/internal/task"
)

// FuzzRun: whatever is asked for is answered with JSON, or refused with an error of S3's or States.Runtime.
func FuzzRun(f *testing.F) {
	for name := range actions {
		f.Add(name, `{"Bucket":"my-bucket","Key":"a","Body":{"n":1},"Metadata":{"a":"b"},"Range":"bytes=0-1","MaxKeys":1}`)
		f.Add(name, `{"Bucket":"my-bucket","Key":"a"}`)
		f.Add(name, `{"Bucket":"my-bucket","Delete":{"Objects":[{"Key":"a"}]}}`)
	}
	f.Fuzz(func(t *testing.T, action, args string) {
		r := New(s3.New(s3.Config{Store: mem.New(), Now: time.Now, NewID: func() string { return "id" }}).Operations())
		run := func(action, args string) *task.Result {
			res, err := r.Run(t.Context(), &task.Request{Key: "k", Action: action, Region: "us-east-1", Arguments: []byte(args)})
			if err != nil {
				t.Fatalf("%s %s: %v", action, args, err)
			}
			return res
		}
		run("createBucket", `{"Bucket":"my-bucket"}`)
		run("putObject", `{"Bucket":"my-bucket","Key":"a","Body":"text"}`)
		for range 2 {
			res := run(action, args)
			if res.Error != "" && res.Error != "States.Runtime" && !strings.HasPrefix(res.Error, "S3.") || res.Error == "" && res.Output[0] != '{' {
				t.Fatalf("%s %s: %+v", action, args, res)
			}
		}
	})
}
