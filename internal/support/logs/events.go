package logs

import (
	"context"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

const (
	maxEvents = 10_000
	maxBytes  = 1 << 20 // of messages in one answer
)

type getInput struct {
	LogGroupName       string `json:"logGroupName"`
	LogGroupIdentifier string `json:"logGroupIdentifier"`
	LogStreamName      string `json:"logStreamName"`
	StartTime          *int64 `json:"startTime"` // inclusive
	EndTime            *int64 `json:"endTime"`   // exclusive
	StartFromHead      bool   `json:"startFromHead"`
	Limit              *int   `json:"limit"`
	NextToken          string `json:"nextToken"`
}

type outputEvent struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
}

type getOutput struct {
	Events            []outputEvent `json:"events"`
	NextForwardToken  string        `json:"nextForwardToken"`
	NextBackwardToken string        `json:"nextBackwardToken"`
}

func within(e *event, start, end *int64) bool {
	return (start == nil || e.Time >= *start) && (end == nil || e.Time < *end)
}

// getEvents reads one stream. Tokens are "f/" or "b/" with a position: the first event not before it, or the last before it.
func (s *Service) getEvents(_ context.Context, r *api.Request, in *getInput) (*getOutput, error) {
	limit, err := limited(in.Limit, maxEvents, maxEvents)
	if err != nil {
		return nil, err
	}
	j, _, err := s.existing(r, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	forward, from, until, err := in.window()
	if err != nil {
		return nil, err
	}
	var got []*event
	size, known := 0, false
	err = j.scan(from, func(e *event) bool {
		if !e.at.before(until) {
			return false
		}
		if e.Stream != in.LogStreamName {
			return true
		}
		known = true
		if !within(e, in.StartTime, in.EndTime) {
			return true
		}
		got = append(got, e)
		size += len(e.Message)
		if forward {
			return len(got) < limit && size < maxBytes
		}
		for len(got) > limit || size > maxBytes && len(got) > 1 { // keep the last ones
			size -= len(got[0].Message)
			got = got[1:]
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if !known && in.NextToken == "" {
		return nil, api.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	out := &getOutput{Events: make([]outputEvent, 0, len(got)), NextForwardToken: in.NextToken, NextBackwardToken: in.NextToken}
	for _, e := range got {
		out.Events = append(out.Events, outputEvent{e.Time, e.Message, e.Time})
	}
	switch {
	case len(got) > 0:
		last := got[len(got)-1].at
		out.NextForwardToken, out.NextBackwardToken = "f/"+position{last.segment, last.offset + 1}.String(), "b/"+got[0].at.String()
	case in.NextToken == "":
		out.NextForwardToken, out.NextBackwardToken = "f/"+position{}.String(), "b/"+position{}.String()
	case forward: // the same token again says that there is no more
		out.NextBackwardToken = "b/" + from.String()
	default:
		out.NextForwardToken = "f/" + until.String()
	}
	return out, nil
}

var endOfLog = position{segment: 1 << 30}

func (in *getInput) window() (forward bool, from, until position, err error) {
	until = endOfLog
	if in.NextToken == "" {
		return in.StartFromHead, from, until, nil
	}
	kind, at, _ := strings.Cut(in.NextToken, "/")
	p, ok := parsePosition(at)
	switch {
	case ok && kind == "f":
		return true, p, until, nil
	case ok && kind == "b":
		return false, from, p, nil
	}
	return false, from, until, invalid("The specified nextToken is invalid.")
}

type filterInput struct {
	LogGroupName        string   `json:"logGroupName"`
	LogGroupIdentifier  string   `json:"logGroupIdentifier"`
	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix string   `json:"logStreamNamePrefix"`
	StartTime           *int64   `json:"startTime"` // inclusive
	EndTime             *int64   `json:"endTime"`   // inclusive
	FilterPattern       string   `json:"filterPattern"`
	Limit               *int     `json:"limit"`
	NextToken           string   `json:"nextToken"`
}

type filteredEvent struct {
	LogStreamName string `json:"logStreamName"`
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"`
	EventID       string `json:"eventId"`
}

type filterOutput struct {
	Events             []filteredEvent `json:"events"`
	SearchedLogStreams []empty         `json:"searchedLogStreams"`
	NextToken          string          `json:"nextToken,omitempty"`
}

func (s *Service) filterEvents(_ context.Context, r *api.Request, in *filterInput) (*filterOutput, error) {
	limit, err := limited(in.Limit, maxEvents, maxEvents)
	if err != nil {
		return nil, err
	}
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != "" {
		return nil, invalid("LogStreamNamePrefix and LogStreamNames are mutually exclusive parameters.")
	}
	match, err := compile(in.FilterPattern)
	if err != nil {
		return nil, err
	}
	var from position
	if in.NextToken != "" {
		var ok bool
		if from, ok = parsePosition(in.NextToken); !ok {
			return nil, invalid("The specified nextToken is invalid.")
		}
	}
	j, _, err := s.existing(r, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	out := &filterOutput{Events: []filteredEvent{}, SearchedLogStreams: []empty{}}
	size := 0
	err = j.scan(from, func(e *event) bool {
		if len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, e.Stream) || !strings.HasPrefix(e.Stream, in.LogStreamNamePrefix) ||
			in.StartTime != nil && e.Time < *in.StartTime || in.EndTime != nil && e.Time > *in.EndTime || !match(e.Message) {
			return true
		}
		if len(out.Events) == limit || size >= maxBytes {
			out.NextToken = e.at.String()
			return false
		}
		size += len(e.Message)
		out.Events = append(out.Events, filteredEvent{e.Stream, e.Time, e.Message, e.Time, e.at.String()})
		return true
	})
	return out, err
}
