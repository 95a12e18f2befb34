package stacks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/stacks/provider"
	"github.com/perdure/perdure/internal/store"
)

// maker is a function that makes custom resources. What it is asked is noted; answer says what it does then.
type maker struct {
	mu     sync.Mutex
	asked  []string
	answer func(event map[string]any) reply
	eng    *engine.Engine
	put    *provider.Responses
	last   string // URL of the last response
}

// reply is what the function puts and how it ends. Without members it puts nothing.
type reply struct {
	members map[string]any
	body    string // in place of members
	failure string // of the function itself
	err     error  // of the invocation
}

const token = "arn:aws:lambda:us-east-1:000000000000:function:maker"

func (m *maker) invoke(ctx context.Context, in *provider.Invocation) ([]byte, error) {
	var event map[string]any
	if err := json.Unmarshal(in.Payload, &event); err != nil {
		return nil, err
	}
	m.mu.Lock()
	line := fmt.Sprint(event["RequestType"], " ", event["LogicalResourceId"])
	if id, ok := event["PhysicalResourceId"].(string); ok {
		if strings.HasPrefix(id, "s-") { // generated
			id = id[:strings.LastIndexByte(id, '-')]
		}
		line += " " + id
	}
	line += " " + fmt.Sprint(event["ResourceProperties"].(map[string]any)["Size"])
	if old, ok := event["OldResourceProperties"].(map[string]any); ok {
		line += " was " + fmt.Sprint(old["Size"])
	}
	m.asked = append(m.asked, line)
	m.last = event["ResponseURL"].(string)
	answer := m.answer
	m.mu.Unlock()
	r := answer(event)
	if r.err != nil {
		return nil, r.err
	}
	if r.members != nil {
		full := map[string]any{"Status": "SUCCESS", "PhysicalResourceId": event["PhysicalResourceId"]}
		for _, k := range []string{"StackId", "RequestId", "LogicalResourceId"} {
			full[k] = event[k]
		}
		maps.Copy(full, r.members)
		b, err := json.Marshal(full)
		if err != nil {
			return nil, err
		}
		r.body = string(b)
	}
	if r.body != "" {
		if err := m.respond(r.body); err != nil {
			return nil, err
		}
	}
	if r.failure != "" {
		return []byte(r.failure), nil
	}
	return nil, nil
}

// respond puts a response to the last URL.
func (m *maker) respond(body string) error {
	request, secret, _ := strings.Cut(strings.TrimPrefix(m.last, "http://server"+provider.ResponsePath), "/")
	return m.put.Put(context.Background(), request, secret, []byte(body))
}

// does sets what the function does from now on.
func (m *maker) does(answer func(event map[string]any) reply) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = answer
}

// heard is what the function was asked since the last call.
func (m *maker) heard() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := strings.Join(m.asked, "\n")
	m.asked = nil
	return list
}

// start runs engine and stacks on a store. Time stands still until it is moved.
func (m *maker) start(t *testing.T, w *world, disk store.Store) *Service {
	t.Helper()
	return m.startOn(t, w, disk, disk)
}

// startOn is start with a store of their own for the documents of stacks.
func (m *maker) startOn(t *testing.T, w *world, disk, docs store.Store) *Service {
	t.Helper()
	id := func() string { return fmt.Sprintf("%08d-0000-4000-8000-000000000000", w.next()) }
	m.eng = engine.New(engine.Config{Store: disk, Clock: engine.NewManualClock(time.UnixMilli(1_800_000_000_000)), NewID: id, Random: func() float64 { return 0.5 }})
	m.put = &provider.Responses{Engine: m.eng, Invoke: m.invoke, Endpoint: func() string { return "http://server" }}
	m.eng.Register(provider.ResponseKind, m.put)
	if err := m.eng.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	types := w.types()
	types[provider.CustomResource] = provider.Types(provider.Env{Responses: m.put})[provider.CustomResource]
	s := New(Config{Store: docs, Types: types, Now: func() time.Time { return time.UnixMilli(1_800_000_000_000 + int64(w.next())) }, NewID: id,
		Parameter: func(context.Context, string, string, string) (string, bool) { return "", false }, Busy: m.eng.Busy})
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.stop(t, s) })
	return s
}

func (m *maker) stop(t *testing.T, s *Service) {
	t.Helper()
	if err := errors.Join(s.Close(), m.eng.Close()); err != nil {
		t.Error(err)
	}
}

func newMaker(answer func(event map[string]any) reply) *maker { return &maker{answer: answer} }

// custom is a template with one custom resource of a size, and a thing of the size that the resource has.
func custom(size string) string {
	return `{"Resources":{
		"C":{"Type":"Custom::Thing","Properties":{"ServiceToken":"` + token + `","Size":` + size + `,"Deep":[true,{"N":1.5}],"ServiceTimeout":600}},
		"T":{"Type":"Test::Thing","Properties":{"Size":{"Fn::GetAtt":["C","Size"]}}}},
		"Outputs":{"Size":{"Value":{"Fn::GetAtt":"C.Size"}},"Second":{"Value":{"Fn::Select":[1,{"Fn::GetAtt":["C","List"]}]}}}}`
}

// obliging answers every request with success. The id has the size's first digit in it, so that 1 to 2 replaces.
func obliging(event map[string]any) reply {
	size := event["ResourceProperties"].(map[string]any)["Size"].(string)
	return reply{members: map[string]any{"PhysicalResourceId": "id" + size[:1], "Data": map[string]any{"Size": size, "List": []string{"a", "b" + size}}}}
}

// done does an operation and gives the stack's status at its end and the reasons of what failed.
func done(t *testing.T, s *Service, operation, template string) (end, reasons string) {
	t.Helper()
	members := []string{}
	if template != "" {
		members = []string{"TemplateBody", template}
	}
	before := ""
	if operation == "DeleteStack" {
		before = id(t, s)
	}
	if err := call(s, operation, nil, members...); err != nil {
		t.Fatal(err)
	}
	var d described
	if before == "" {
		before = id(t, s)
	}
	if err := call(s, "DescribeStacks", &d, "StackName", before); err != nil {
		t.Fatal(err)
	}
	return d.Stacks[0].StackStatus, failures(t, s, before)
}

// failures are the reasons in a stack's events of failures, oldest first.
func failures(t *testing.T, s *Service, stack string) string {
	t.Helper()
	var out struct {
		Events []struct {
			Status string `xml:"ResourceStatus"`
			Reason string `xml:"ResourceStatusReason"`
			ID     string `xml:"LogicalResourceId"`
		} `xml:"StackEvents>member"`
	}
	if err := call(s, "DescribeStackEvents", &out, "StackName", stack); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range slices.Backward(out.Events) {
		if strings.HasSuffix(e.Status, "_FAILED") {
			list = append(list, e.ID+" "+e.Status+": "+e.Reason)
		}
	}
	return strings.Join(list, "\n")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s\ngot  %s\nwant %s", what, got, want)
	}
}

func TestCustomResourceIsMadeChangedReplacedAndDeletedByItsFunction(t *testing.T) {
	w, disk := newWorld()
	m := newMaker(obliging)
	s := m.start(t, w, disk)
	for _, step := range []struct{ operation, size, status, asked, things string }{
		{"CreateStack", "1", "CREATE_COMPLETE", "Create C 1", "T-=1"},
		{"UpdateStack", "15", "UPDATE_COMPLETE", "Update C id1 15 was 1", "T-=15"},
		{"UpdateStack", "2", "UPDATE_COMPLETE", "Update C id1 2 was 15\nDelete C id1 15", "T-=2"},
		{"DeleteStack", "", "DELETE_COMPLETE", "Delete C id2 2", ""},
	} {
		template := ""
		if step.size != "" {
			template = custom(step.size)
		}
		end, reasons := done(t, s, step.operation, template)
		expect(t, step.operation+" "+step.size, end+reasons, step.status)
		expect(t, "the function was asked", m.heard(), step.asked)
		expect(t, "the things are", w.contents(), step.things)
	}
}

func TestCustomResourceIsAskedInCloudFormationsWords(t *testing.T) {
	w, disk := newWorld()
	var event map[string]any
	m := newMaker(nil)
	m.does(func(e map[string]any) reply { event = e; return obliging(e) })
	s := m.start(t, w, disk)
	if end, why := done(t, s, "CreateStack", custom("1")); end != "CREATE_COMPLETE" {
		t.Fatal(end, why)
	}
	properties, _ := json.Marshal(event["ResourceProperties"])
	expect(t, "the properties", string(properties),
		`{"Deep":["true",{"N":"1.5"}],"ServiceTimeout":"600","ServiceToken":"`+token+`","Size":"1"}`)
	expect(t, "the members", strings.Join(slices.Sorted(maps.Keys(event)), " "),
		"LogicalResourceId RequestId RequestType ResourceProperties ResourceType ResponseURL ServiceToken StackId")
	if event["ResourceType"] != "Custom::Thing" || event["StackId"] != id(t, s) {
		t.Errorf("the event is %v", event)
	}
	var d described
	if err := call(s, "DescribeStacks", &d); err != nil {
		t.Fatal(err)
	}
	expect(t, "the outputs", fmt.Sprint(d.Stacks[0].Outputs), "[{Size 1} {Second b1}]")
}

func TestCustomResourceThatFailsIsRolledBack(t *testing.T) {
	w, disk := newWorld()
	m := newMaker(nil)
	s := m.start(t, w, disk)
	request := ""
	failing := func(e map[string]any) reply {
		if e["RequestType"] == "Delete" || e["ResourceProperties"].(map[string]any)["Size"] != "3" {
			return obliging(e)
		}
		request = e["RequestId"].(string)
		return reply{members: map[string]any{"Status": "FAILED", "Reason": "3 is too many"}}
	}
	m.does(failing)
	end, why := done(t, s, "CreateStack", custom("3"))
	expect(t, "status", end, "ROLLBACK_COMPLETE")
	expect(t, "reasons", why, "C CREATE_FAILED: Received response status [FAILED] from custom resource. Message returned: 3 is too many (RequestId: "+request+")")
	expect(t, "asked", m.heard(), "Create C 3\nDelete C s-C 3")
	done(t, s, "DeleteStack", "")
	done(t, s, "CreateStack", custom("1"))
	m.heard()
	end, _ = done(t, s, "UpdateStack", custom("3"))
	expect(t, "status", end, "UPDATE_ROLLBACK_COMPLETE")
	expect(t, "asked", m.heard(), "Update C id1 3 was 1\nUpdate C id1 1 was 3")
	m.does(func(map[string]any) reply {
		return reply{members: map[string]any{"Status": "FAILED", "Reason": "it sticks"}}
	})
	end, why = done(t, s, "DeleteStack", "")
	if end != "DELETE_FAILED" || !strings.Contains(why, "C DELETE_FAILED: Received response status [FAILED] from custom resource. Message returned: it sticks") {
		t.Errorf("%s %s", end, why)
	}
	m.does(obliging)
	end, _ = done(t, s, "DeleteStack", "")
	expect(t, "a second deletion", end, "DELETE_COMPLETE")
}

func TestAnswersOfCustomResourcesThatAreNone(t *testing.T) {
	for name, tc := range map[string]struct {
		answer reply
		want   string
	}{
		"text":           {reply{body: "fine"}, "Response is not valid JSON"},
		"long":           {reply{members: map[string]any{"Reason": strings.Repeat("x", 4096)}}, "Response object is too long."},
		"no id":          {reply{members: map[string]any{}}, "Invalid PhysicalResourceId"},
		"other request":  {reply{members: map[string]any{"RequestId": "r"}}, "Invalid RequestId"},
		"other stack":    {reply{members: map[string]any{"StackId": "r"}}, "Invalid StackId"},
		"other resource": {reply{members: map[string]any{"LogicalResourceId": "r"}}, "Invalid LogicalResourceId"},
		"status":         {reply{members: map[string]any{"Status": "OK"}}, "Invalid Status"},
		"no data":        {reply{members: map[string]any{"PhysicalResourceId": "p"}}, "CustomResource attribute error: Vendor response doesn't contain Size attribute in object arn:aws:cloudformation:"},
		"no function":    {reply{err: api.Errorf("ResourceNotFoundException", "Function not found: maker")}, "Function not found: maker"},
	} {
		t.Run(name, func(t *testing.T) {
			w, disk := newWorld()
			m := newMaker(func(e map[string]any) reply {
				if e["RequestType"] == "Delete" {
					return obliging(e)
				}
				return tc.answer
			})
			end, why := done(t, m.start(t, w, disk), "CreateStack", custom("1"))
			if end != "ROLLBACK_COMPLETE" || !strings.Contains(why, tc.want) {
				t.Errorf("%s %s", end, why)
			}
		})
	}
}

// until moves time to the next timer, again and again, until a stack has settled.
func until(t *testing.T, m *maker, s *Service) {
	t.Helper()
	s.mu.Lock()
	running := slices.Collect(maps.Values(s.running))
	s.mu.Unlock()
	for _, done := range running {
		for waiting := true; waiting; {
			if err := m.eng.Settled(context.Background()); err != nil {
				t.Fatal(err)
			}
			if _, err := m.eng.AdvanceToNext(context.Background()); err != nil {
				t.Fatal(err)
			}
			select {
			case <-done:
				waiting = false
			default:
			}
		}
	}
}

func TestFunctionOfACustomResourceThatSaysNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		answer       reply
		asked, since string // what the function was asked, how long that took
		want         string
	}{
		"returns": {reply{}, "Create C 1", "10m0s", "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId ["},
		"fails":   {reply{failure: `{"errorType":"KeyError","errorMessage":"'x'"}`}, "Create C 1\nCreate C 1\nCreate C 1", "3m0s", "The function failed 3 times, at last with: KeyError: 'x'"},
	} {
		t.Run(name, func(t *testing.T) {
			w, disk := newWorld()
			m := newMaker(func(e map[string]any) reply {
				if e["RequestType"] == "Delete" {
					return obliging(e)
				}
				return tc.answer
			})
			s := m.start(t, w, disk)
			ctx, cancel := context.WithCancel(context.Background())
			cancel() // the call does not wait
			began := m.eng.Now()
			if err := callIn(ctx, s, "CreateStack", nil, "TemplateBody", custom("1")); err != nil {
				t.Fatal(err)
			}
			until(t, m, s)
			if end := status(t, s); end != "ROLLBACK_COMPLETE" {
				t.Errorf("the stack ended %s", end)
			}
			if why := failures(t, s, id(t, s)); !strings.Contains(why, tc.want) {
				t.Errorf("the reason is %s", why)
			}
			expect(t, "asked", m.heard(), tc.asked+"\nDelete C s-C 1")
			expect(t, "it took", m.eng.Now().Sub(began).String(), tc.since)
		})
	}
}

func TestAResponseCountsOnce(t *testing.T) {
	w, disk := newWorld()
	m := newMaker(obliging)
	s := m.start(t, w, disk)
	if end, why := done(t, s, "CreateStack", custom("1")); end != "CREATE_COMPLETE" {
		t.Fatal(end, why)
	}
	refused(t, m.respond(`{"Status":"FAILED"}`), "AccessDenied", "Request has expired")
	m.last = m.last[:len(m.last)-1] + "x"
	refused(t, m.respond(`{}`), "AccessDenied", "Request has expired")
	m.last = "http://server" + provider.ResponsePath + "nothing"
	refused(t, m.respond(`{}`), "AccessDenied", "Request has expired")
}

func TestCustomResourceIsWaitedForAfterARestart(t *testing.T) {
	w, disk := newWorld()
	called := make(chan map[string]any, 1)
	m := newMaker(func(e map[string]any) reply { called <- e; return reply{} })
	s := m.start(t, w, disk)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := callIn(ctx, s, "CreateStack", nil, "TemplateBody", custom("1")); err != nil {
		t.Fatal(err)
	}
	event := <-called
	if err := m.eng.Settled(context.Background()); err != nil { // the function has returned, and will answer later
		t.Fatal(err)
	}
	m.stop(t, s)
	s = m.start(t, w, disk)
	if got := status(t, s); got != "CREATE_IN_PROGRESS" {
		t.Errorf("after the restart the stack is %s", got)
	}
	b, _ := json.Marshal(map[string]any{"Status": "SUCCESS", "PhysicalResourceId": "id1", "StackId": event["StackId"], "RequestId": event["RequestId"],
		"LogicalResourceId": "C", "Data": map[string]any{"Size": 7, "List": []int{1, 2}}})
	if err := errors.Join(m.respond(string(b)), m.respond(string(b))); err != nil { // and again, for a lost answer
		t.Error(err)
	}
	settle(s)
	expect(t, "status", status(t, s), "CREATE_COMPLETE")
	expect(t, "asked", m.heard(), "Create C 1")
	expect(t, "the things are", w.contents(), "T-=7")
}

func TestSecretsOfACustomResourceAreNotShown(t *testing.T) {
	for _, secret := range []any{true, "true"} {
		w, disk := newWorld()
		m := newMaker(func(e map[string]any) reply {
			r := obliging(e)
			r.members["NoEcho"] = secret
			return r
		})
		s := m.start(t, w, disk)
		if end, why := done(t, s, "CreateStack", custom("1")); end != "CREATE_COMPLETE" {
			t.Fatal(end, why)
		}
		var d described
		if err := call(s, "DescribeStacks", &d); err != nil {
			t.Fatal(err)
		}
		expect(t, "the outputs", fmt.Sprint(d.Stacks[0].Outputs), "[{Size ****} {Second ****}]")
		expect(t, "what was made of it", w.contents(), "T-=1")
		m.stop(t, s)
	}
}

func TestCustomResourcesThatCannotBeAreRefused(t *testing.T) {
	w, disk := newWorld()
	s := newMaker(obliging).start(t, w, disk)
	for properties, want := range map[string]string{
		`{}`: "required key [ServiceToken] not found",
		`{"ServiceToken":"arn:aws:sns:us-east-1:000000000000:topic"}`: "is to be made by an SNS topic, which is not supported here",
		`{"ServiceToken":"maker"}`:                                    "Invalid service token",
		`{"ServiceToken":"` + token + `","ServiceTimeout":3601}`:      "#/ServiceTimeout: 3601 is not an integer from 1 to 3600",
		`{"ServiceToken":"` + token + `","ServiceTimeout":"soon"}`:    "#/ServiceTimeout: soon is not an integer from 1 to 3600",
	} {
		err := call(s, "CreateStack", nil, "TemplateBody", `{"Resources":{"C":{"Type":"Custom::Thing","Properties":`+properties+`}}}`)
		refused(t, err, "ValidationError", want)
	}
	err := call(s, "CreateStack", nil, "TemplateBody", `{"Resources":{"C":{"Type":"Custom::Other Thing","Properties":{"ServiceToken":"`+token+`"}}}}`)
	refused(t, err, "ValidationError", "Unrecognized resource types: [Custom::Other Thing]")
}

func TestCustomResourcesGoOnAfterACrashAtAnyCommit(t *testing.T) {
	for _, tc := range []struct {
		name, operation, size string
		want                  map[string]string // what the function was asked, by status
	}{
		{"create", "CreateStack", "1", map[string]string{"": "", "CREATE_COMPLETE": "Create C 1"}},
		{"create that fails", "CreateStack", "9", map[string]string{"": "", "ROLLBACK_COMPLETE": "Create C 9\nDelete C s-C 9"}},
		{"replacing update", "UpdateStack", "2", map[string]string{"CREATE_COMPLETE": "", "UPDATE_COMPLETE": "Update C id1 2 was 1\nDelete C id1 1"}},
		{"update that fails", "UpdateStack", "9", map[string]string{"CREATE_COMPLETE": "", "UPDATE_ROLLBACK_COMPLETE": "Update C id1 9 was 1\nUpdate C id1 1 was 9"}},
		{"delete", "DeleteStack", "", map[string]string{"CREATE_COMPLETE": "", "": "Delete C id1 1"}},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late=%v", tc.name, late), func(t *testing.T) {
				for n := 1; ; n++ {
					w, disk := newWorld()
					m := newMaker(func(e map[string]any) reply {
						if e["RequestType"] != "Delete" && e["ResourceProperties"].(map[string]any)["Size"] == "9" {
							return reply{members: map[string]any{"Status": "FAILED"}}
						}
						return obliging(e)
					})
					if tc.operation != "CreateStack" {
						s := m.start(t, w, disk)
						done(t, s, "CreateStack", custom("1"))
						m.stop(t, s)
					}
					m.heard()
					f := &failing{Store: disk, left: n, late: late}
					s := m.startOn(t, w, disk, f)
					members := []string{}
					if tc.size != "" {
						members = []string{"TemplateBody", custom(tc.size)}
					}
					call(s, tc.operation, nil, members...)
					m.stop(t, s)
					crashed := f.left == 0
					s = m.start(t, w, disk)
					settle(s)
					end := status(t, s)
					want, ok := tc.want[end]
					if got := m.heard(); !ok || got != want {
						t.Fatalf("crash at commit %d: the stack ended %q, the function was asked\n%s\nwant\n%s", n, end, got, want)
					}
					m.stop(t, s)
					if !crashed {
						if n < 6 {
							t.Fatalf("only %d commits: the test has missed the operation", n)
						}
						return
					}
					if n > 200 {
						t.Fatal("the operation does not end")
					}
				}
			})
		}
	}
}
