package durop

import (
	"fmt"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// Sizes, in bytes (section 4.8).
const (
	maxPayload = 262144
	maxInput   = 1048576 // of a chained invoke, and its result
	maxError   = 32768
)

// Scope is what Check needs to know of the execution.
type Scope struct {
	Region, Account string
	MaxResult       int // bytes of the execution's own result: 6,291,456 if started synchronously, otherwise 1,048,576
}

func refuse(text string) error { return api.Errorf("InvalidParameterValueException", "%s", text) }

// Check judges a batch against the state (section 4.7, in its order). The first refusal rejects the whole batch; nothing
// is changed.
func (s *State) Check(batch []Update, in Scope) error {
	executions := 0
	for _, u := range batch {
		if u.Type == Execution {
			executions++
		}
	}
	if executions > 1 {
		return refuse("Cannot checkpoint multiple EXECUTION updates.")
	}
	if executions == 1 && batch[len(batch)-1].Type != Execution {
		return refuse("EXECUTION checkpoint must be the last update.")
	}
	if err := s.checkIDs(batch); err != nil {
		return err
	}
	c := checker{state: s, scope: in, ahead: map[string]*Operation{}}
	for i := range batch {
		if err := c.update(&batch[i]); err != nil {
			return err
		}
	}
	return nil
}

// checkIDs walks the batch for ids used twice and for parents that are no contexts.
func (s *State) checkIDs(batch []Update) error {
	last := make(map[string]*Update, len(batch))
	closed := map[string]bool{}
	for i := range batch {
		u := &batch[i]
		if u.Type == Execution {
			continue
		}
		if before := last[u.ID]; before != nil {
			opened := (before.Type == Step || before.Type == Context) && before.Action == Start
			if !opened || u.Action == Start || closed[u.ID] {
				return refuse("Cannot update the same operation twice in a single request.")
			}
			closed[u.ID] = true
		}
		if u.ParentID != "" {
			known := s.byID[u.ParentID]
			begun := last[u.ParentID]
			if (known == nil || known.Type != Context) && (begun == nil || begun.Type != Context) {
				return refuse("Invalid parent operation id.")
			}
		}
		last[u.ID] = u
	}
	return nil
}

// checker judges updates one by one; ahead holds the operations as the earlier updates of the batch leave them.
type checker struct {
	state *State
	scope Scope
	ahead map[string]*Operation
}

func (c *checker) update(u *Update) error {
	var now *Operation
	if u.Type != Execution {
		if now = c.ahead[u.ID]; now == nil {
			now = c.state.byID[u.ID]
		}
	}
	if now != nil {
		if err := consistent(now, u); err != nil {
			return err
		}
	}
	if err := c.sizes(u); err != nil {
		return err
	}
	if !allowed(u.Type, u.Action) {
		return refuse("Invalid action for the given operation type.")
	}
	if err := transition(now, u); err != nil {
		return err
	}
	if err := c.options(u); err != nil {
		return err
	}
	if u.Type != Execution {
		after := Operation{ID: u.ID, Type: u.Type, ParentID: u.ParentID, Name: u.Name, SubType: u.SubType}
		if now != nil {
			after = *now
		}
		after.Status = statusAfter(u.Action, u.Type)
		c.ahead[u.ID] = &after
	}
	return nil
}

func consistent(o *Operation, u *Update) error {
	switch {
	case u.Type != o.Type:
		return refuse("Inconsistent operation type.")
	case u.SubType != "" && u.SubType != o.SubType:
		return refuse("Inconsistent operation subtype.")
	case u.Name != "" && u.Name != o.Name:
		return refuse("Inconsistent operation name.")
	case u.ParentID != "" && u.ParentID != o.ParentID:
		return refuse("Inconsistent parent operation id.")
	}
	return nil
}

func (c *checker) sizes(u *Update) error {
	if len(u.Error) > maxError {
		return refuse("Error object size must be less than 32768 bytes.")
	}
	most, what := maxPayload, u.Type
	switch u.Type {
	case ChainedInvoke:
		most, what = maxInput, u.Type+" input"
	case Execution:
		most = c.scope.MaxResult
	}
	if len(u.Payload)-2 > most && u.Payload.Len() > most {
		return refuse(fmt.Sprintf("%s payload size must be less than or equal to %d bytes.", what, most))
	}
	return nil
}

// allowed is the table of section 4.5.
func allowed(typ, action string) bool {
	switch typ {
	case Execution:
		return action == Succeed || action == Fail
	case Context:
		return action == Start || action == Succeed || action == Fail
	case Step:
		return action != Cancel
	case Wait:
		return action == Start || action == Cancel
	case Callback, ChainedInvoke:
		return action == Start
	}
	return false
}

// transition is the table of section 4.6; o is nil for an id that is not known.
func transition(o *Operation, u *Update) error {
	switch u.Type {
	case Step:
		return stepTransition(o, u)
	case Context:
		if u.Action == Start && o != nil {
			return refuse("Cannot start a CONTEXT that already exist.")
		}
		if u.Action != Start && o != nil && o.Terminal() {
			return refuse("Invalid current CONTEXT state to close.")
		}
	case Wait, Callback, ChainedInvoke:
		if u.Action == Start && o != nil {
			return refuse("Cannot start a " + u.Type + " that already exist.")
		}
		if u.Action == Cancel && (o == nil || o.Terminal()) {
			return refuse("Cannot cancel a WAIT that does not exist or has already completed.")
		}
	}
	return nil
}

func stepTransition(o *Operation, u *Update) error {
	open := o == nil || o.Status == Started || o.Status == Ready
	switch {
	case u.Action == Start:
		if o != nil && o.Status != Ready {
			return refuse("Invalid current STEP state to start.")
		}
	case open:
	case u.Action == Retry:
		return refuse("Invalid current STEP state to re-attempt.")
	default:
		return refuse("Invalid current STEP state to close.")
	}
	return nil
}

func (c *checker) options(u *Update) error {
	switch {
	case u.Action == Fail && u.Payload != nil:
		return refuse("Cannot provide a Payload for FAIL action.")
	case u.Action == Succeed && u.Error != nil:
		return refuse("Cannot provide an Error for SUCCEED action.")
	case u.StepOptions != (u.Action == Retry), u.Action == Retry && u.NextAttempt == nil:
		return refuse("Invalid StepOptions for the given action.")
	case u.Action == Retry && u.Error != nil && u.Payload != nil:
		return refuse("Cannot provide both error and payload to RETRY a STEP.")
	case u.Type == Wait && u.Action == Start && u.WaitSeconds == nil:
		return refuse("Update for WAIT operation requires WaitOptions.")
	case u.Type == ChainedInvoke && u.Invoke == nil:
		return refuse("Update for CHAINED_INVOKE operation requires ChainedInvokeOptions.")
	case u.Type == ChainedInvoke:
		return c.here(u.Invoke.FunctionName)
	}
	return nil
}

// here refuses a chained invoke that leaves the account or the region. A name such as "my-func-1:live" is a name with a
// qualifier: a region is one only in an ARN or in front of an account.
func (c *checker) here(function string) error {
	parts := strings.Split(function, ":")
	region, account := "", ""
	switch {
	case parts[0] == "arn" && len(parts) > 5:
		region, account = parts[3], parts[4]
	case len(parts) > 2 && isAccount(parts[1]):
		region, account = parts[0], parts[1]
	case len(parts) > 1 && isAccount(parts[0]):
		account = parts[0]
	}
	if account != "" && account != c.scope.Account {
		return refuse("Cannot start a CHAINED_INVOKE on a function in another account.")
	}
	if region != "" && region != c.scope.Region {
		return refuse("Cannot start a CHAINED_INVOKE on a function in another region.")
	}
	return nil
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }
