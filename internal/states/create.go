package states

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/store"
)

// Types of state machines.
const (
	typeStandard = "STANDARD"
	typeExpress  = "EXPRESS"
)

type createIn struct {
	Name               *string         `json:"name"`
	Definition         *string         `json:"definition"`
	RoleArn            *string         `json:"roleArn"`
	Type               *string         `json:"type"`
	Logging            json.RawMessage `json:"loggingConfiguration"`
	Tracing            json.RawMessage `json:"tracingConfiguration"`
	Encryption         json.RawMessage `json:"encryptionConfiguration"`
	Tags               []tag           `json:"tags"`
	Publish            bool            `json:"publish"`
	VersionDescription *string         `json:"versionDescription"`
}

type createOut struct {
	Arn     string `json:"stateMachineArn"`
	Created stamp  `json:"creationDate"`
	Version string `json:"stateMachineVersionArn,omitempty"`
}

func (in *createIn) check() error {
	var c constraints
	c.need("name", in.Name, 1, maxName)
	if in.Definition == nil {
		c.missing("definition")
	}
	c.secret("definition", in.Definition, 1, maxDefinition)
	c.need("roleArn", in.RoleArn, 1, maxArn)
	c.enum("type", in.Type, typeStandard, typeExpress)
	c.text("versionDescription", in.VersionDescription, 0, 256)
	checkTags(&c, in.Tags)
	if err := c.err(); err != nil {
		return err
	}
	if in.VersionDescription != nil && !in.Publish {
		return errDescription()
	}
	if err := checkRole(*in.RoleArn); err != nil {
		return err
	}
	return checkName(*in.Name)
}

func errDescription() error {
	return api.Errorf("ValidationException", "Version description can only be set when publish is true")
}

func checkRole(role string) error {
	if _, err := arn.Parse(role); err != nil {
		return invalidArn(role)
	}
	return nil
}

func (s *Service) create(ctx context.Context, r *api.Request, in *createIn) (*createOut, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	ref := arn.StateMachine{Region: r.Region, Account: r.Account, Name: *in.Name}
	d := &machineDoc{Name: *in.Name, Type: typeStandard, Tags: in.Tags, key: machineKey(ref), arn: arnParts{r.Region, r.Account}}
	if in.Type != nil {
		d.Type = *in.Type
	}
	hash, err := s.define(ctx, *in.Definition, d.express())
	if err != nil {
		return nil, err
	}
	if err := s.checkLogging(r, in.Logging); err != nil {
		return nil, err
	}
	now := s.engine.Now().UnixMilli()
	d.Created = now
	d.revision = revision{Definition: hash, Role: *in.RoleArn, Logging: in.Logging, Tracing: in.Tracing, Encryption: in.Encryption, Updated: now}

	var out createOut
	err = s.change(ctx, func() ([]store.Doc, error) {
		old, err := s.findMachine(ctx, ref)
		if err != nil {
			return nil, err
		}
		if old != nil {
			return nil, again(old, d, in, &out)
		}
		next := *d
		out = createOut{Arn: ref.String(), Created: stamp(now)}
		if !in.Publish {
			doc, err := writeDoc(spaceMachine, d.key, 0, &next)
			return []store.Doc{doc}, err
		}
		docs, number, err := s.publish(ctx, &next, str(in.VersionDescription))
		out.Version = next.ref(strconv.Itoa(number)).String()
		return docs, err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// again answers a second CreateStateMachine for a name: with the first one's answer if it asks for the same.
func again(old, asked *machineDoc, in *createIn, out *createOut) error {
	base := old.ref("").String()
	if old.Deleting {
		return errDeleting(base)
	}
	same := old.Definition == asked.Definition && old.Type == asked.Type && sameJSON(old.Logging, asked.Logging) &&
		sameJSON(old.Tracing, asked.Tracing) && sameJSON(old.Encryption, asked.Encryption) && (!in.Publish || old.Published != 0)
	if !same {
		return api.Errorf("StateMachineAlreadyExists", "State Machine Already Exists: '%s'", base)
	}
	*out = createOut{Arn: base, Created: stamp(old.Created)}
	if in.Publish {
		out.Version = old.ref(strconv.Itoa(old.Published)).String()
	}
	return nil
}

func errDeleting(base string) error {
	return api.Errorf("StateMachineDeleting", "State Machine Deleting: '%s'", base)
}

// sameJSON compares configurations as given, but for white space.
func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return len(a) == 0 && len(b) == 0
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}
