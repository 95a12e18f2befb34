package states

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// publish makes a version of d's current revision, or finds the one there is. It returns the documents to write, d's own
// among them.
func (s *Service) publish(ctx context.Context, d *machineDoc, description string) ([]store.Doc, int, error) {
	if d.Published != 0 {
		v, _, err := s.findVersion(ctx, d.key, d.Published)
		if err != nil {
			return nil, 0, err
		}
		if v != nil {
			doc, err := writeDoc(spaceMachine, d.key, d.version, d)
			return []store.Doc{doc}, v.Number, err
		}
	}
	d.Versions++
	d.Published = d.Versions
	v := versionDoc{revision: d.revision, Number: d.Versions, Description: description, Created: s.engine.Now().UnixMilli()}
	machine, err := writeDoc(spaceMachine, d.key, d.version, d)
	if err != nil {
		return nil, 0, err
	}
	version, err := writeDoc(spaceVersion, versionKey(d.key, v.Number), 0, &v)
	return []store.Doc{machine, version}, v.Number, err
}

type publishIn struct {
	Arn         *string `json:"stateMachineArn"`
	Revision    *string `json:"revisionId"`
	Description *string `json:"description"`
}

type publishOut struct {
	Created stamp  `json:"creationDate"`
	Arn     string `json:"stateMachineVersionArn"`
}

func (s *Service) publishVersion(ctx context.Context, _ *api.Request, in *publishIn) (*publishOut, error) {
	var c constraints
	c.need("stateMachineArn", in.Arn, 1, maxArn)
	c.text("description", in.Description, 0, 256)
	if err := c.err(); err != nil {
		return nil, err
	}
	ref, err := machineArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	var out publishOut
	err = s.change(ctx, func() ([]store.Doc, error) {
		d, err := s.findMachine(ctx, ref)
		switch {
		case err != nil:
			return nil, err
		case d == nil || ref.Qualifier != "" || ref.Label != "":
			return nil, errNoMachine(*in.Arn)
		case d.Deleting:
			return nil, errDeleting(*in.Arn)
		case in.Revision != nil && *in.Revision != d.Revision && !(d.Revision == "" && *in.Revision == initialRevision):
			current := d.Revision
			if current == "" {
				current = initialRevision
			}
			return nil, api.Errorf("ConflictException",
				"Failed to publish the State Machine version for revision %s. The current State Machine revision is %s.", *in.Revision, current)
		}
		docs, n, err := s.publish(ctx, d, str(in.Description))
		if err != nil {
			return nil, err
		}
		out = publishOut{Created: stampOf(s.engine.Now()), Arn: d.ref(strconv.Itoa(n)).String()}
		if v, _, err := s.findVersion(ctx, d.key, n); err == nil && v != nil {
			out.Created = stamp(v.Created)
		}
		return docs, nil
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// initialRevision names the revision that a machine has before its first update.
const initialRevision = "INITIAL"

type versionIn struct {
	Arn *string `json:"stateMachineVersionArn"`
}

func (s *Service) deleteVersion(ctx context.Context, _ *api.Request, in *versionIn) (*struct{}, error) {
	var c constraints
	c.need("stateMachineVersionArn", in.Arn, 1, maxLongArn)
	if err := c.err(); err != nil {
		return nil, err
	}
	ref, err := machineArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	if !ref.Version() {
		return nil, invalidArn(*in.Arn)
	}
	number, err := strconv.Atoi(ref.Qualifier)
	if err != nil {
		return &struct{}{}, nil // too large to exist
	}
	return &struct{}{}, s.change(ctx, func() ([]store.Doc, error) {
		d, err := s.findMachine(ctx, ref)
		if err != nil || d == nil {
			return nil, err
		}
		v, version, err := s.findVersion(ctx, d.key, number)
		if err != nil || v == nil {
			return nil, err
		}
		if users, err := s.aliasesOf(ctx, d, *in.Arn); err != nil {
			return nil, err
		} else if len(users) > 0 {
			return nil, api.Errorf("ConflictException",
				"Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [%s]",
				strings.Join(users, ", "))
		}
		docs := []store.Doc{{Space: spaceVersion, Key: versionKey(d.key, number), Version: version}}
		if d.Published == number {
			d.Published = 0
			doc, err := writeDoc(spaceMachine, d.key, d.version, d)
			if err != nil {
				return nil, err
			}
			docs = append(docs, doc)
		}
		return docs, nil
	})
}

type versionsIn struct {
	Arn *string `json:"stateMachineArn"`
	pageIn
}

type versionItem struct {
	Arn     string `json:"stateMachineVersionArn"`
	Created stamp  `json:"creationDate"`
}

type versionsOut struct {
	Versions []versionItem `json:"stateMachineVersions"`
	Token    *string       `json:"nextToken,omitempty"`
}

// listVersions answers the newest first. There are at most a thousand, so they are read at once.
func (s *Service) listVersions(ctx context.Context, _ *api.Request, in *versionsIn) (*versionsOut, error) {
	var c constraints
	c.need("stateMachineArn", in.Arn, 1, maxArn)
	c.page(in.Max, in.Token, maxToken)
	if err := c.err(); err != nil {
		return nil, err
	}
	ref, err := machineArn(*in.Arn)
	if err != nil {
		return nil, err
	}
	scope := spaceVersion + "|" + machineKey(ref)
	after, err := pageAfter(scope, in.Token)
	if err != nil {
		return nil, err
	}
	d, err := s.findMachine(ctx, ref)
	if err != nil {
		return nil, err
	}
	out := &versionsOut{Versions: []versionItem{}}
	if d == nil {
		return out, nil
	}
	var all []versionDoc
	err = s.allDocs(ctx, spaceVersion, d.key+"/", func(doc store.Doc) error {
		var v versionDoc
		if err := json.Unmarshal(doc.Value, &v); err != nil {
			return fmt.Errorf("the version %s cannot be read: %w", doc.Key, err)
		}
		all = append(all, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(all)
	last := ""
	for _, v := range all {
		at := versionKey("", v.Number)
		if after != "" && at >= after {
			continue
		}
		if len(out.Versions) == pageSize(in.Max) {
			out.Token = nextPage(scope, last)
			break
		}
		last = at
		out.Versions = append(out.Versions, versionItem{d.ref(strconv.Itoa(v.Number)).String(), stamp(v.Created)})
	}
	return out, nil
}
