package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/host"
)

type bench struct {
	*Service
	*testing.T
}

func newBench(t *testing.T, dir string, bytes int64) *bench {
	s := New(Config{
		Dir: dir, GroupBytes: bytes, Now: func() time.Time { return time.UnixMilli(5000) },
		AfterFunc: func(time.Duration, func()) func() bool { return func() bool { return true } },
	})
	t.Cleanup(func() { s.Close() })
	return &bench{s, t}
}

func (b *bench) print(group, stream string, at int64, lines ...string) {
	out := []host.LogLine{}
	for _, l := range lines {
		out = append(out, host.LogLine{Time: at, Text: l})
	}
	b.Log(host.LogStream{Region: "us-east-1", Account: "1", Group: group, Stream: stream}, out)
}

// call does an operation and gives its answer, or the code of the refusal.
func (b *bench) call(name, body string) map[string]any {
	b.Helper()
	for _, op := range b.Operations() {
		if op.Name != name {
			continue
		}
		out := map[string]any{}
		res, err := op.Handle(context.Background(), &api.Request{Region: "us-east-1", Account: "1", Body: []byte(body)})
		if e, ok := api.As(err); ok {
			return map[string]any{"error": e.Code}
		} else if err != nil {
			b.Fatal(err)
		}
		if err := json.Unmarshal(res.Body, &out); err != nil {
			b.Fatal(err)
		}
		return out
	}
	b.Fatalf("no operation %s", name)
	return nil
}

// messages of an answer, with its error if it has one.
func messages(out map[string]any) string {
	var all []string
	if e, ok := out["error"]; ok {
		all = append(all, fmt.Sprint(e))
	}
	events, _ := out["events"].([]any)
	for _, e := range events {
		all = append(all, e.(map[string]any)["message"].(string))
	}
	return strings.Join(all, " ")
}

func TestFilterLogEventsReadsAGroupInOrder(t *testing.T) {
	b := newBench(t, t.TempDir(), 0)
	b.print("/aws/lambda/fn", "s1", 1000, "one", "two")
	b.print("/aws/lambda/fn", "s2", 2000, "three")
	b.print("/aws/lambda/other", "s", 2000, "elsewhere")
	for body, want := range map[string]string{
		`{"logGroupName":"/aws/lambda/fn"}`:                                                    "one two three",
		`{"logGroupName":"/aws/lambda/fn","logStreamNames":["s2"]}`:                            "three",
		`{"logGroupName":"/aws/lambda/fn","logStreamNamePrefix":"s1"}`:                         "one two",
		`{"logGroupName":"/aws/lambda/fn","startTime":1001}`:                                   "three",
		`{"logGroupName":"/aws/lambda/fn","endTime":1000}`:                                     "one two",
		`{"logGroupName":"/aws/lambda/fn","filterPattern":"t -three"}`:                         "two",
		`{"logGroupIdentifier":"arn:aws:logs:us-east-1:1:log-group:/aws/lambda/fn"}`:           "one two three",
		`{"logGroupName":"/aws/lambda/none"}`:                                                  "ResourceNotFoundException",
		`{"logGroupName":"a b"}`:                                                               "InvalidParameterException",
		`{"logGroupName":"/aws/lambda/fn","filterPattern":"{ $."}`:                             "InvalidParameterException",
		`{"logGroupName":"/aws/lambda/fn","nextToken":"x"}`:                                    "InvalidParameterException",
		`{"logGroupName":"/aws/lambda/fn","limit":0}`:                                          "InvalidParameterException",
		`{"logGroupName":"/aws/lambda/fn","logStreamNames":["s"],"logStreamNamePrefix":"pre"}`: "InvalidParameterException",
	} {
		if got := messages(b.call("FilterLogEvents", body)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestPagesOfEventsAreStableWhileMoreAreWritten(t *testing.T) {
	b := newBench(t, t.TempDir(), 0)
	token, all := "", []string{}
	for n := range 10 {
		b.print("g", "s", 1, fmt.Sprint(n))
	}
	for range 20 {
		out := b.call("FilterLogEvents", `{"logGroupName":"g","limit":3,"nextToken":"`+token+`"}`)
		all = append(all, messages(out))
		b.print("g", "s", 1, "later")
		next, ok := out["nextToken"].(string)
		if !ok || len(all) == 3 {
			break
		}
		token = next
	}
	if got := strings.Join(all, "|"); got != "0 1 2|3 4 5|6 7 8" {
		t.Error(got)
	}
}

func TestGetLogEventsReadsAStreamFromEitherEnd(t *testing.T) {
	b := newBench(t, t.TempDir(), 0)
	for n := range 6 {
		b.print("g", fmt.Sprint("s", n%2), int64(n), fmt.Sprint(n))
	}
	get := func(more string) map[string]any {
		return b.call("GetLogEvents", `{"logGroupName":"g","logStreamName":"s0","limit":2`+more+`}`)
	}
	head := get(`,"startFromHead":true`)
	next := get(`,"nextToken":"` + head["nextForwardToken"].(string) + `"`)
	end := get(`,"nextToken":"` + next["nextForwardToken"].(string) + `"`)
	tail := get("")
	before := get(`,"nextToken":"` + tail["nextBackwardToken"].(string) + `"`)
	if got := fmt.Sprint(messages(head), "|", messages(next), "|", messages(end), "|", messages(tail), "|", messages(before)); got != "0 2|4||2 4|0" {
		t.Error(got)
	}
	if end["nextForwardToken"] != next["nextForwardToken"] {
		t.Errorf("the end of the log is told by the same token: %v, %v", next["nextForwardToken"], end["nextForwardToken"])
	}
	if got := messages(b.call("GetLogEvents", `{"logGroupName":"g","logStreamName":"s9"}`)); got != "ResourceNotFoundException" {
		t.Error(got)
	}
}

func TestGroupsAndStreamsAreDescribed(t *testing.T) {
	b := newBench(t, t.TempDir(), 0)
	b.print("/aws/lambda/b", "2026/01/01/[$LATEST]x", 1, "m")
	b.print("/aws/lambda/b", "2026/01/02/[$LATEST]y", 2, "m")
	if out := b.call("CreateLogGroup", `{"logGroupName":"/aws/lambda/a"}`); len(out) != 0 {
		t.Error(out)
	}
	if out := b.call("CreateLogGroup", `{"logGroupName":"/aws/lambda/b"}`); out["error"] != "ResourceAlreadyExistsException" {
		t.Error(out)
	}
	b.call("PutRetentionPolicy", `{"logGroupName":"/aws/lambda/a","retentionInDays":7}`)
	names := func(out map[string]any, list, name string) (all []any) {
		for _, g := range out[list].([]any) {
			all = append(all, g.(map[string]any)[name])
		}
		return all
	}
	out := b.call("DescribeLogGroups", `{"logGroupNamePrefix":"/aws/"}`)
	if got := fmt.Sprint(names(out, "logGroups", "logGroupName"), names(out, "logGroups", "retentionInDays")); got != "[/aws/lambda/a /aws/lambda/b] [7 <nil>]" {
		t.Error(got)
	}
	first := b.call("DescribeLogGroups", `{"limit":1}`)
	second := b.call("DescribeLogGroups", `{"limit":1,"nextToken":"`+first["nextToken"].(string)+`"}`)
	if got := fmt.Sprint(names(second, "logGroups", "logGroupName")); got != "[/aws/lambda/b]" {
		t.Error(got)
	}
	out = b.call("DescribeLogStreams", `{"logGroupName":"/aws/lambda/b","orderBy":"LastEventTime","descending":true}`)
	if got := fmt.Sprint(names(out, "logStreams", "logStreamName")); got != "[2026/01/02/[$LATEST]y 2026/01/01/[$LATEST]x]" {
		t.Error(got)
	}
	b.call("DeleteLogGroup", `{"logGroupName":"/aws/lambda/b"}`)
	if got := messages(b.call("FilterLogEvents", `{"logGroupName":"/aws/lambda/b"}`)); got != "ResourceNotFoundException" {
		t.Error(got)
	}
}

func TestAGroupIsBoundedAndSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, dir, 80_000)
	long := strings.Repeat("x", 1000)
	for n := range 400 {
		b.print("g", "s", int64(n), fmt.Sprint(n, " ", long))
		if n%5 == 0 {
			b.call("FilterLogEvents", `{"logGroupName":"g","limit":1}`) // a read flushes
		}
	}
	b.Close()
	b = newBench(t, dir, 80_000)
	b.print("g", "s", 400, "after")
	b.call("FilterLogEvents", `{"logGroupName":"g","limit":1}`)
	total := int64(0)
	files, _ := filepath.Glob(filepath.Join(dir, "us-east-1", "1", "g", "*.log"))
	for _, f := range files {
		st, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += st.Size()
	}
	got := messages(b.call("FilterLogEvents", `{"logGroupName":"g","startTime":390}`))
	if total > 130_000 || len(files) > segments || !strings.HasPrefix(got, "390 ") || !strings.HasSuffix(got, " after") {
		t.Errorf("%d bytes in %d files; last events %.20s ... %s", total, len(files), got, got[max(0, len(got)-10):])
	}
}

func TestALineThatACrashCutOffIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, dir, 0)
	b.print("g", "s", 1, "whole")
	b.Close()
	f, err := os.OpenFile(filepath.Join(dir, "us-east-1", "1", "g", "00000001.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"t":2,"s":"s","m":"cut o`)
	f.Close()
	b = newBench(t, dir, 0)
	if got := messages(b.call("FilterLogEvents", `{"logGroupName":"g"}`)); got != "whole" {
		t.Error(got)
	}
	b.print("g", "s", 3, "next")
	if got := messages(b.call("FilterLogEvents", `{"logGroupName":"g"}`)); got != "whole next" {
		t.Error(got)
	}
}

func TestFilterPatterns(t *testing.T) {
	const event = `{"level":"ERROR","status":503,"executionArn":"arn:x/y","tags":["a","b"],"ok":true,"none":null,"in":{"a.b":1}}`
	for pattern, want := range map[string]bool{
		`ERROR`: true, `error`: false, `ERROR arn`: true, `ERROR -arn`: false, `?nope ?ERROR`: true, `?nope ?never`: false, `"status\":503"`: true,
		`{ $.level = "ERROR" }`: true, `{ $.level = ERROR }`: true, `{$.level="ERR*"}`: true, `{ $.level = "*ROR" }`: true, `{ $.level != "ERROR" }`: false,
		`{ ($.durableExecutionArn = "arn:x/y") || ($.executionArn = "arn:x/y") }`: true,
		`{ $.status >= 500 && $.status < 600 }`:                                   true, `{ $.status = 500 }`: false, `{ $.status != 500 }`: true,
		`{ $.tags[1] = "b" }`: true, `{ $.tags[9] = "b" }`: false, `{ $.ok IS TRUE }`: true, `{ $.none IS NULL }`: true, `{ $.level IS NULL }`: false,
		`{ $.missing NOT EXISTS }`: true, `{ $.level NOT EXISTS }`: false, `{ $.in['a.b'] = 1 }`: true, `{ $.status = 503 && ($.ok IS FALSE || $.level = "E*") }`: true,
	} {
		m, err := compile(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
		} else if m(event) != want {
			t.Errorf("%s matches: %v", pattern, !want)
		}
	}
	for _, pattern := range []string{`{`, `{}`, `{ level = 1 }`, `{ $.a = }`, `{ $.a = "x }`, `{ $.a < x }`, `{ ($.a = 1 }`, `{ $.a = 1 } x`, `[ip]`, `%re%`, `-`, `"open`, strings.Repeat("x", 1025)} {
		if _, err := compile(pattern); err == nil {
			t.Errorf("%s was accepted", pattern)
		}
	}
	if m, _ := compile(`{ $.a = 1 }`); m("no JSON") || m("[1]") {
		t.Error("matched what is no JSON object")
	}
}

func FuzzFilter(f *testing.F) {
	f.Add(`{ ($.a = "x*") || $.b[0] >= 3 && $.c NOT EXISTS }`, `{"a":"xy","b":[4]}`)
	f.Add(`a -b ?c "d e"`, "a c d e")
	f.Fuzz(func(t *testing.T, pattern, message string) {
		m, err := compile(pattern)
		if err == nil {
			m(message)
		}
	})
}
