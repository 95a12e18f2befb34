package arn

import (
	"fmt"
	"strings"
)

// StateMachine names a state machine, one of its versions or aliases, or the labelled machine of a map run's children.
type StateMachine struct {
	Region, Account, Name string
	Label                 string // of a map run's children: "name/label"
	Qualifier             string // version number or alias; empty: none
}

// Base is the ARN without version, alias and label.
func (m StateMachine) Base() string {
	return New("states", m.Region, m.Account, "stateMachine:"+m.Name).String()
}

// String is the whole ARN.
func (m StateMachine) String() string {
	s := m.Base()
	if m.Label != "" {
		s += "/" + m.Label
	}
	if m.Qualifier != "" {
		s += ":" + m.Qualifier
	}
	return s
}

// Version tells whether the qualifier is a version number. Aliases are never all digits.
func (m StateMachine) Version() bool {
	return m.Qualifier != "" && strings.Trim(m.Qualifier, "0123456789") == ""
}

// Execution names an execution of a state machine. Express executions have an ID beside their name.
type Execution struct {
	Region, Account, Machine string
	Label                    string // of a map run's child
	Name                     string
	ID                       string // of an express execution: the last part, unique per start
}

// Express tells the kinds of execution apart.
func (e Execution) Express() bool { return e.ID != "" }

func (e Execution) String() string {
	machine := e.Machine
	if e.Label != "" {
		machine += "/" + e.Label
	}
	if e.Express() {
		return New("states", e.Region, e.Account, "express:"+machine+":"+e.Name+":"+e.ID).String()
	}
	return New("states", e.Region, e.Account, "execution:"+machine+":"+e.Name).String()
}

// StateMachine is the ARN of the machine, labelled if the execution is a map run's child.
func (e Execution) StateMachine() StateMachine {
	return StateMachine{Region: e.Region, Account: e.Account, Name: e.Machine, Label: e.Label}
}

// MapRun names a run of a distributed Map state.
type MapRun struct{ Region, Account, Machine, Label, ID string }

func (r MapRun) String() string {
	return New("states", r.Region, r.Account, "mapRun:"+r.Machine+"/"+r.Label+":"+r.ID).String()
}

// Activity names an activity.
type Activity struct{ Region, Account, Name string }

func (a Activity) String() string {
	return New("states", a.Region, a.Account, "activity:"+a.Name).String()
}

// StatesType is what kind of Step Functions resource an ARN names: "stateMachine", "execution", "express", "mapRun",
// "activity". It is empty for what is not an ARN of the service.
func StatesType(s string) string {
	a, err := Parse(s)
	if err != nil || a.Service != "states" {
		return ""
	}
	kind, _, _ := strings.Cut(a.Resource, ":")
	return kind
}

// statesParts splits an ARN of the service into region, account and the parts of its resource behind the type.
func statesParts(s, kind string, parts int) (ARN, []string, error) {
	a, err := Parse(s)
	if err != nil {
		return a, nil, err
	}
	p := strings.SplitN(a.Resource, ":", parts+1)
	if a.Service != "states" || p[0] != kind || len(p) < 2 || p[len(p)-1] == "" || p[1] == "" {
		return a, nil, fmt.Errorf("%q is not the ARN of a %s", s, kind)
	}
	return a, p[1:], nil
}

// ParseStateMachine reads the ARN of a machine, version, alias or labelled machine.
func ParseStateMachine(s string) (StateMachine, error) {
	a, p, err := statesParts(s, "stateMachine", 2)
	if err != nil {
		return StateMachine{}, err
	}
	m := StateMachine{Region: a.Region, Account: a.Account}
	m.Name, m.Label, _ = strings.Cut(p[0], "/")
	if len(p) == 2 {
		m.Qualifier = p[1]
	}
	return m, nil
}

// ParseExecution reads the ARN of a standard or express execution.
func ParseExecution(s string) (Execution, error) {
	if StatesType(s) == "express" {
		a, p, err := statesParts(s, "express", 3)
		if err != nil || len(p) != 3 {
			return Execution{}, fmt.Errorf("%q is not the ARN of an express execution", s)
		}
		e := Execution{Region: a.Region, Account: a.Account, Name: p[1], ID: p[2]}
		e.Machine, e.Label, _ = strings.Cut(p[0], "/")
		return e, nil
	}
	a, p, err := statesParts(s, "execution", 2)
	if err != nil || len(p) != 2 {
		return Execution{}, fmt.Errorf("%q is not the ARN of an execution", s)
	}
	e := Execution{Region: a.Region, Account: a.Account, Name: p[1]}
	e.Machine, e.Label, _ = strings.Cut(p[0], "/")
	return e, nil
}

// ParseMapRun reads the ARN of a map run.
func ParseMapRun(s string) (MapRun, error) {
	a, p, err := statesParts(s, "mapRun", 2)
	if err != nil || len(p) != 2 || !strings.Contains(p[0], "/") {
		return MapRun{}, fmt.Errorf("%q is not the ARN of a map run", s)
	}
	r := MapRun{Region: a.Region, Account: a.Account, ID: p[1]}
	r.Machine, r.Label, _ = strings.Cut(p[0], "/")
	return r, nil
}

// ParseActivity reads the ARN of an activity.
func ParseActivity(s string) (Activity, error) {
	a, p, err := statesParts(s, "activity", 1)
	if err != nil {
		return Activity{}, err
	}
	return Activity{a.Region, a.Account, p[0]}, nil
}
