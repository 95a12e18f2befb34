package tasks3

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/store/mem"
	"github.com/perdure/perdure/internal/support/s3"
	"github.com/perdure/perdure/internal/task"
)

// conversation gives a function that calls an action and returns its output, or its error and cause.
func conversation(t *testing.T) func(action, args string) string {
	n := 0
	r := New(s3.New(s3.Config{Store: mem.New(), Now: func() time.Time { return time.Unix(1_800_000_000, 0) }, NewID: func() string {
		n++
		return fmt.Sprint("id", n)
	}}).Operations())
	return func(action, args string) string {
		t.Helper()
		res, err := r.Run(t.Context(), &task.Request{Key: "k", Service: "aws-sdk:s3", Action: action, Region: "us-east-1", Account: "000000000000",
			Arguments: []byte(args)})
		if err != nil {
			t.Fatalf("%s %s: %v", action, args, err)
		}
		if res.Error != "" {
			return res.Error + ": " + res.Cause
		}
		return string(res.Output)
	}
}

func TestObjectsAreWrittenReadListedAndDeleted(t *testing.T) {
	do := conversation(t)
	for i, step := range []struct{ action, args, want string }{
		{"getObject", `{"Bucket":"my-bucket","Key":"a"}`, "S3.NoSuchBucketException: The specified bucket does not exist (Service: S3, Status Code: 404, Request ID: "},
		{"createBucket", `{"Bucket":"my-bucket"}`, `{"Location":"/my-bucket"}`},
		{"headBucket", `{"Bucket":"my-bucket"}`, `{}`},
		{"getObject", `{"Bucket":"my-bucket","Key":"a"}`, "S3.NoSuchKeyException: The specified key does not exist. (Service: S3, Status Code: 404, Request ID: "},
		{"putObject", `{"Bucket":"my-bucket","Key":"a","Body":{"n":1.0,"t":"ü"},"ContentType":"application/json","Metadata":{"Who":"me"}}`,
			`{"ETag":"\"`},
		{"getObject", `{"Bucket":"my-bucket","Key":"a"}`, `{"AcceptRanges":"bytes","ContentLength":18,"ContentType":"application/json","ETag":"\"`},
		{"getObject", `{"Bucket":"my-bucket","Key":"a"}`, `","LastModified":"2027-01-15T08:00:00Z","Metadata":{"who":"me"},"ServerSideEncryption":"AES256","Body":"{\"n\":1.0,\"t\":\"ü\"}"}`},
		{"headObject", `{"Bucket":"my-bucket","Key":"a"}`, `"Metadata":{"who":"me"},"ServerSideEncryption":"AES256"}`},
		{"getObject", `{"Bucket":"my-bucket","Key":"a","Range":"bytes=0-3"}`, `"ContentLength":4,"ContentRange":"bytes 0-3/18",`},
		{"getObject", `{"Bucket":"my-bucket","Key":"a","Range":"bytes=15-15"}`, `"Body":"` + "\ufffd" + `"}`},
		{"getObject", `{"Bucket":"my-bucket","Key":"a","IfMatch":"x"}`, "S3.S3Exception: At least one of the pre-conditions"},
		{"putObject", `{"Bucket":"my-bucket","Key":"true","Body":"text"}`, `"ServerSideEncryption":"AES256"}`},
		{"getObject", `{"Bucket":"my-bucket","Key":"true"}`, `"Body":"\"text\""}`},
		{"putObject", `{"Bucket":"my-bucket","Key":"none"}`, `{"ETag":"\"d41d8cd98f00b204e9800998ecf8427e\"",`},
		{"copyObject", `{"Bucket":"my-bucket","Key":"d/copy","CopySource":"my-bucket/a"}`, `{"CopyObjectResult":{"ETag":"\"`},
		{"listObjectsV2", `{"Bucket":"my-bucket","Delimiter":"/","MaxKeys":2}`, `{"Name":"my-bucket","Prefix":"","Delimiter":"/","NextContinuationToken":"`},
		{"listObjectsV2", `{"Bucket":"my-bucket","Delimiter":"/","MaxKeys":2}`, `"KeyCount":2,"MaxKeys":2,"IsTruncated":true,"Contents":[{"Key":"a","LastModified":"2027-01-15T08:00:00.000Z",`},
		{"listObjectsV2", `{"Bucket":"my-bucket","Delimiter":"/","MaxKeys":2}`, `"CommonPrefixes":[{"Prefix":"d/"}]}`},
		{"listObjectsV2", `{"Bucket":"my-bucket","StartAfter":"d/z"}`, `"IsTruncated":false,"Contents":[{"Key":"none",`},
		{"listObjectsV2", `{"Bucket":"my-bucket","Prefix":"t"}`, `{"Key":"true",`},
		{"listObjects", `{"Bucket":"my-bucket","Marker":"none"}`, `{"Name":"my-bucket","Prefix":"","Marker":"none","MaxKeys":1000,"IsTruncated":false,"Contents":[{"Key":"true",`},
		{"listBuckets", `{}`, `"Buckets":[{"Name":"my-bucket",`},
		{"deleteObject", `{"Bucket":"my-bucket","Key":"a"}`, `{}`},
		{"deleteObjects", `{"Bucket":"my-bucket","Delete":{"Objects":[{"Key":"true"},{"Key":"none"},{"Key":"d/copy"}]}}`, `{"Deleted":[{"Key":"true"},{"Key":"none"},{"Key":"d/copy"}]}`},
		{"listObjectsV2", `{"Bucket":"my-bucket"}`, `{"Name":"my-bucket","Prefix":"","KeyCount":0,"MaxKeys":1000,"IsTruncated":false}`},
		{"deleteBucket", `{"Bucket":"my-bucket"}`, `{}`},
		{"listBuckets", `{}`, `"Buckets":[]`},
		{"listObjects", `{"Bucket":"my-bucket"}`, ") (SDK Attempt Count: 1)"},
	} {
		if got := do(step.action, step.args); !strings.Contains(got, step.want) {
			t.Errorf("step %d, %s %s:\n got %s\nwant %s", i, step.action, step.args, got, step.want)
		}
	}
}

func TestParametersThatCannotMakeACallAreRefused(t *testing.T) {
	do := conversation(t)
	for i, step := range []struct{ action, args, want string }{
		{"getObjectTorrent", `{}`, "the action 'getObjectTorrent' is not supported"},
		{"getObject", `[]`, "they must be an object"},
		{"getObject", `{"Bucket":"b"}`, "The field 'Key' is required but was missing"},
		{"listObjectsV2", `{}`, "The field 'Bucket' is required but was missing"},
		{"getObject", `{"Bucket":"b","Key":"k","VersionId":"1"}`, "The field 'VersionId' is not supported here"},
		{"getObject", `{"Bucket":"b","Key":["k"]}`, "The value for the field 'Key' has an invalid format"},
		{"putObject", `{"Bucket":"b","Key":"k","Metadata":{"a":1}}`, "The value for the field 'Metadata' has an invalid format"},
		{"deleteObjects", `{"Bucket":"b"}`, "The field 'Delete' is required but was missing"},
		{"deleteObjects", `{"Bucket":"b","Delete":{}}`, "The value for the field 'Delete' has an invalid format"},
		{"copyObject", `{"Bucket":"b","Key":"k"}`, "The field 'CopySource' is required but was missing"},
		{"listObjectsV2", `{"Bucket":"b","Key":"k"}`, "The field 'Key' is not supported here"},
	} {
		got := do(step.action, step.args)
		if !strings.HasPrefix(got, "States.Runtime: The Parameters '") || !strings.Contains(got, step.want) {
			t.Errorf("step %d, %s %s:\n got %s\nwant %s", i, step.action, step.args, got, step.want)
		}
	}
}
