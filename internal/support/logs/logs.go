// Package logs keeps what functions print and answers the part of the CloudWatch Logs API that reads it.
//
// It is a [host.LogSink] and a JSON 1.1 service in one. Logs are not part of what perdure promises to keep: they are
// files beside the store, bounded in size, flushed a moment after they were written and lost with the disk. What is kept:
//
//	DIR/REGION/ACCOUNT/GROUP/group.json    creation time and retention; GROUP is path-escaped
//	DIR/REGION/ACCOUNT/GROUP/00000001.log  segments: one JSON line per event, of all streams, in order of arrival
//
// Invariants: a group is at most Config.GroupBytes large (the oldest segment goes first), an event's id is its segment and
// offset and so orders the group, and what was written before a read is seen by it.
//
// Read next: journal.go for the files, filter.go for filter patterns.
package logs

import (
	"sync"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/host"
)

// Target and Namespace are how the JSON 1.1 protocol addresses the service.
const Target = "Logs_20140328"

// Config is what a Service is made of. All but GroupBytes are required.
type Config struct {
	Dir       string
	Now       func() time.Time // of creation and ingestion
	AfterFunc func(d time.Duration, f func()) (stop func() bool)
	// GroupBytes bounds a group on disk. 0: 64 MiB.
	GroupBytes int64
}

// Service keeps and serves logs. Safe for concurrent use.
type Service struct {
	cfg Config

	mu     sync.Mutex
	groups map[key]*journal
}

type key struct{ region, account, group string }

var _ host.LogSink = (*Service)(nil)

// New makes a Service. It touches no file before the first use.
func New(cfg Config) *Service {
	if cfg.GroupBytes == 0 {
		cfg.GroupBytes = 64 << 20
	}
	return &Service{cfg: cfg, groups: map[key]*journal{}}
}

// Log implements [host.LogSink]. What cannot be written is dropped: a full disk must not stop functions.
func (s *Service) Log(to host.LogStream, lines []host.LogLine) {
	if to.Group == "" {
		return
	}
	s.journal(key{to.Region, to.Account, to.Group}).append(to.Stream, lines)
}

// Close writes what is still in memory.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for k, j := range s.groups {
		if err := j.close(); err != nil && first == nil {
			first = err
		}
		delete(s.groups, k)
	}
	return first
}

// journal finds or opens a group's journal. The group need not exist on disk.
func (s *Service) journal(k key) *journal {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.groups[k]
	if j == nil {
		j = newJournal(s.cfg, k)
		s.groups[k] = j
	}
	return j
}

// Operations lists what the service offers.
func (s *Service) Operations() []api.Operation {
	return []api.Operation{
		{Name: "CreateLogGroup", Handle: api.JSON(s.createGroup)},
		{Name: "DeleteLogGroup", Handle: api.JSON(s.deleteGroup)},
		{Name: "DescribeLogGroups", Handle: api.JSON(s.describeGroups)},
		{Name: "PutRetentionPolicy", Handle: api.JSON(s.putRetention)},
		{Name: "DeleteRetentionPolicy", Handle: api.JSON(s.deleteRetention)},
		{Name: "DescribeLogStreams", Handle: api.JSON(s.describeStreams)},
		{Name: "GetLogEvents", Handle: api.JSON(s.getEvents)},
		{Name: "FilterLogEvents", Handle: api.JSON(s.filterEvents)},
	}
}
