package states

import (
	"context"
	"encoding/json"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

type activityDoc struct {
	Name       string          `json:"name"`
	Created    int64           `json:"created"`
	Tags       []tag           `json:"tags,omitempty"`
	Encryption json.RawMessage `json:"encryption,omitempty"`
}

func activityKey(a arn.Activity) string { return key(a.Region, a.Account, a.Name) }

// findActivity reads an activity; nil if there is none.
func (s *Service) findActivity(ctx context.Context, a arn.Activity) (*activityDoc, uint64, error) {
	d := &activityDoc{}
	version, found, err := s.readDoc(ctx, spaceActivity, activityKey(a), d)
	if err != nil || !found {
		return nil, 0, err
	}
	return d, version, nil
}

type createActivityIn struct {
	Name       *string         `json:"name"`
	Tags       []tag           `json:"tags"`
	Encryption json.RawMessage `json:"encryptionConfiguration"`
}

type createActivityOut struct {
	Arn     string `json:"activityArn"`
	Created stamp  `json:"creationDate"`
}

func (s *Service) createActivity(ctx context.Context, r *api.Request, in *createActivityIn) (*createActivityOut, error) {
	var c constraints
	c.need("name", in.Name, 1, maxName)
	checkTags(&c, in.Tags)
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := checkName(*in.Name); err != nil {
		return nil, err
	}
	ref := arn.Activity{Region: r.Region, Account: r.Account, Name: *in.Name}
	out := &createActivityOut{Arn: ref.String()}
	return out, s.change(ctx, func() ([]store.Doc, error) {
		old, _, err := s.findActivity(ctx, ref)
		if err != nil {
			return nil, err
		}
		if old != nil {
			out.Created = stamp(old.Created)
			return nil, nil
		}
		d := activityDoc{Name: *in.Name, Created: s.engine.Now().UnixMilli(), Tags: in.Tags, Encryption: in.Encryption}
		out.Created = stamp(d.Created)
		doc, err := writeDoc(spaceActivity, activityKey(ref), 0, &d)
		return []store.Doc{doc}, err
	})
}

type activityIn struct {
	Arn    *string `json:"activityArn"`
	Worker *string `json:"workerName"`
}

// activity reads the activity that a request names.
func (s *Service) activity(ctx context.Context, in *activityIn) (arn.Activity, *activityDoc, uint64, error) {
	var c constraints
	c.need("activityArn", in.Arn, 1, maxArn)
	c.text("workerName", in.Worker, 1, maxName)
	if err := c.err(); err != nil {
		return arn.Activity{}, nil, 0, err
	}
	ref, err := activityArn(*in.Arn)
	if err != nil {
		return ref, nil, 0, err
	}
	d, version, err := s.findActivity(ctx, ref)
	return ref, d, version, err
}

func errNoActivity(arn string) error {
	return api.Errorf("ActivityDoesNotExist", "Activity Does Not Exist: '%s'", arn)
}

type activityOut struct {
	Arn        string          `json:"activityArn"`
	Name       string          `json:"name"`
	Created    stamp           `json:"creationDate"`
	Encryption json.RawMessage `json:"encryptionConfiguration,omitempty"`
}

func (s *Service) describeActivity(ctx context.Context, _ *api.Request, in *activityIn) (*activityOut, error) {
	ref, d, _, err := s.activity(ctx, in)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, errNoActivity(*in.Arn)
	}
	return &activityOut{ref.String(), d.Name, stamp(d.Created), shownOr(d.Encryption, defaultEncryption)}, nil
}

func (s *Service) deleteActivity(ctx context.Context, _ *api.Request, in *activityIn) (*struct{}, error) {
	return &struct{}{}, s.change(ctx, func() ([]store.Doc, error) {
		ref, d, version, err := s.activity(ctx, in)
		if err != nil || d == nil {
			return nil, err
		}
		return []store.Doc{{Space: spaceActivity, Key: activityKey(ref), Version: version}}, nil
	})
}

type activitiesOut struct {
	Activities []activityOut `json:"activities"`
	Token      *string       `json:"nextToken,omitempty"`
}

func (s *Service) listActivities(ctx context.Context, r *api.Request, in *pageIn) (*activitiesOut, error) {
	var c constraints
	c.page(in.Max, in.Token, maxToken)
	if err := c.err(); err != nil {
		return nil, err
	}
	out := &activitiesOut{Activities: []activityOut{}}
	var err error
	out.Token, err = s.listDocs(ctx, spaceActivity, r.Region+"/"+r.Account+"/", in, func(d store.Doc) error {
		var a activityDoc
		if err := json.Unmarshal(d.Value, &a); err != nil {
			return err
		}
		ref := arn.Activity{Region: r.Region, Account: r.Account, Name: a.Name}
		out.Activities = append(out.Activities, activityOut{Arn: ref.String(), Name: a.Name, Created: stamp(a.Created)})
		return nil
	})
	return out, err
}

type activityTask struct {
	Token *string `json:"taskToken,omitempty"`
	Input *string `json:"input,omitempty"`
}

// pollTime is how long GetActivityTask waits for a task.
const pollTime = 60 * time.Second

// getTask is the long poll of a worker: it waits for commits of the activity's queue and tries again.
func (s *Service) getTask(ctx context.Context, _ *api.Request, in *activityIn) (*activityTask, error) {
	ref, d, _, err := s.activity(ctx, in)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, errNoActivity(*in.Arn)
	}
	if !s.pollers.enter(activityKey(ref)) {
		return nil, api.Errorf("ActivityWorkerLimitExceeded",
			"The maximum number of workers concurrently polling for activity tasks has been reached.")
	}
	defer s.pollers.leave(activityKey(ref))
	ctx, cancel := context.WithTimeout(ctx, pollTime)
	defer cancel()
	changed, stop := s.engine.Watch(queueID(ref))
	defer stop()
	for {
		v, err := s.engine.Call(ctx, queueID(ref), engine.Message{Type: msgTake, Value: str(in.Worker)})
		if ctx.Err() != nil {
			return &activityTask{}, nil
		}
		if err != nil {
			return nil, err
		}
		if q, ok := v.(*queued); ok && q != nil {
			return &activityTask{&q.Token, &q.Input}, nil
		}
		select {
		case <-ctx.Done():
			return &activityTask{}, nil
		case <-changed:
		}
	}
}
