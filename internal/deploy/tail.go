package deploy

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/client"
)

const (
	maxPages  = 50  // of an answer that comes in pages, at one look
	pageLines = 500 // of a log
)

// tail follows the logs of functions, from the time it was made on.
type tail struct {
	c      *client.Client
	groups map[string]*logGroup // by the functions' logical ids
	since  int64                // ms on the server's clock
}

type logGroup struct {
	name  string
	since int64
	seen  map[string]bool // events of the last millisecond that was read
}

// newTail asks the server for the time. Where nobody can tell, it is this machine's.
func newTail(ctx context.Context, c *client.Client) (*tail, error) {
	var clock struct{ Now time.Time }
	err := c.REST(ctx, "perdure", "GET", "/_perdure/time", nil, nil, &clock)
	if _, answered := api.As(err); answered {
		clock.Now, err = time.Now(), nil
	}
	return &tail{c: c, groups: map[string]*logGroup{}, since: clock.Now.UnixMilli()}, err
}

// follow looks at the logs of these functions from now on, given by their logical ids.
func (t *tail) follow(ctx context.Context, c *client.Client, functions map[string]string) error {
	t.c = c
	for id := range t.groups {
		if functions[id] == "" {
			delete(t.groups, id)
		}
	}
	for id, name := range functions {
		var config struct{ LoggingConfig struct{ LogGroup string } }
		if err := c.REST(ctx, "lambda", "GET", "/2015-03-31/functions/"+url.PathEscape(name)+"/configuration", nil, nil, &config); err != nil {
			return err
		}
		group := config.LoggingConfig.LogGroup
		if group == "" {
			group = "/aws/lambda/" + name
		}
		if g := t.groups[id]; g == nil || g.name != group {
			t.groups[id] = &logGroup{name: group, since: t.since, seen: map[string]bool{}}
		}
	}
	return nil
}

// logEvent is a line of a log.
type logEvent struct {
	EventID   string `json:"eventId"`
	Message   string `json:"message"`
	Timestamp int64  `json:"timestamp"`
}

// report says what is new, without the lines of the platform.
func (t *tail) report(ctx context.Context, say func(string, ...any)) error {
	for _, id := range slices.Sorted(maps.Keys(t.groups)) {
		events, err := t.groups[id].read(ctx, t.c)
		if err != nil {
			return fmt.Errorf("the log of %s: %w", id, err)
		}
		for _, e := range events {
			for line := range strings.Lines(strings.TrimSpace(e.Message)) {
				if !platform(line) {
					say("%s | %s", id, strings.TrimRight(line, "\r\n"))
				}
			}
		}
	}
	return nil
}

// platform tells of a line that the function did not write.
func platform(line string) bool {
	for _, word := range []string{"START", "END", "REPORT"} {
		if strings.HasPrefix(line, word+" RequestId: ") {
			return true
		}
	}
	return strings.HasPrefix(line, `{"time":"`) && strings.Contains(line, `","type":"platform.`)
}

// read gives the lines that were not there at the last look.
func (g *logGroup) read(ctx context.Context, c *client.Client) (news []logEvent, _ error) {
	in := map[string]any{"logGroupName": g.name, "startTime": g.since, "limit": pageLines}
	newest := g.since
	var last []logEvent
	for range maxPages {
		var out struct {
			Events    []logEvent
			NextToken string
		}
		err := c.JSON(ctx, "logs", "1.1", "Logs_20140328.FilterLogEvents", in, &out)
		if e, ok := api.As(err); ok && e.Code == "ResourceNotFoundException" {
			return nil, nil // it has not written anything yet
		}
		if err != nil {
			return nil, err
		}
		for _, e := range out.Events {
			if g.seen[e.EventID] {
				continue
			}
			news = append(news, e)
			newest = max(newest, e.Timestamp)
		}
		last = append(last, out.Events...)
		if out.NextToken == "" {
			break
		}
		in["nextToken"] = out.NextToken
	}
	if newest > g.since {
		g.since = newest
		g.seen = map[string]bool{}
	}
	for _, e := range last {
		if e.Timestamp >= g.since {
			g.seen[e.EventID] = true
		}
	}
	return news, nil
}
