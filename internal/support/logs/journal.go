package logs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/host"
)

const (
	flushAfter = 100 * time.Millisecond
	flushBytes = 64 << 10
	segments   = 8 // a group's bytes are cut into so many files, of which the oldest goes when there are more
)

// event is one line as it is kept.
type event struct {
	Time    int64  `json:"t"` // Unix milliseconds
	Stream  string `json:"s"`
	Message string `json:"m"`

	at position
}

// position orders the events of a group: segment and offset in it.
type position struct {
	segment int
	offset  int64
}

func (p position) String() string { return fmt.Sprintf("%028d%028d", p.segment, p.offset) }

func (p position) before(o position) bool {
	return p.segment < o.segment || p.segment == o.segment && p.offset < o.offset
}

func parsePosition(s string) (position, bool) {
	if len(s) != 56 {
		return position{}, false
	}
	seg, err1 := strconv.ParseInt(s[:28], 10, 32)
	off, err2 := strconv.ParseInt(s[28:], 10, 64)
	return position{int(seg), off}, err1 == nil && err2 == nil && seg >= 0 && off >= 0
}

// meta is group.json.
type meta struct {
	Format    int   `json:"format"`
	Created   int64 `json:"created"` // Unix milliseconds
	Retention int   `json:"retentionInDays,omitempty"`
}

// journal is the files of one group.
type journal struct {
	cfg Config
	dir string

	mu      sync.Mutex
	file    *os.File // last segment, open for appending
	segment int
	size    int64
	pending bytes.Buffer
	armed   bool
}

func newJournal(cfg Config, k key) *journal {
	return &journal{cfg: cfg, dir: filepath.Join(cfg.Dir, escape(k.region), escape(k.account), escape(k.group))}
}

// escape makes a file name of a group's name; unescape is its inverse.
func escape(group string) string { return strings.ReplaceAll(url.PathEscape(group), ".", "%2E") }

func unescape(name string) (string, error) { return url.PathUnescape(name) }

func segmentName(n int) string { return fmt.Sprintf("%08d.log", n) }

// append adds lines of one stream.
func (j *journal) append(stream string, lines []host.LogLine) {
	j.mu.Lock()
	defer j.mu.Unlock()
	enc := json.NewEncoder(&j.pending)
	enc.SetEscapeHTML(false)
	for _, l := range lines {
		enc.Encode(event{Time: l.Time, Stream: stream, Message: l.Text}) // a buffer takes everything
	}
	if j.pending.Len() >= flushBytes {
		j.flush()
	} else if !j.armed {
		j.armed = true
		j.cfg.AfterFunc(flushAfter, func() {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.armed = false
			j.flush()
		})
	}
}

// flush writes what is pending. The lock is held.
func (j *journal) flush() error {
	if j.pending.Len() == 0 {
		return nil
	}
	defer j.pending.Reset()
	if err := j.open(); err != nil {
		return err
	}
	if j.size >= j.cfg.GroupBytes/segments {
		if err := j.roll(); err != nil {
			return err
		}
	}
	n, err := j.file.Write(j.pending.Bytes())
	j.size += int64(n)
	return err
}

// open makes the group if need be and opens its last segment.
func (j *journal) open() error {
	if j.file != nil {
		return nil
	}
	if err := j.create(); err != nil {
		return err
	}
	ns, err := j.list()
	if err != nil {
		return err
	}
	j.segment = 1
	if len(ns) > 0 {
		j.segment = ns[len(ns)-1]
	}
	return j.openSegment()
}

func (j *journal) openSegment() error {
	f, err := os.OpenFile(filepath.Join(j.dir, segmentName(j.segment)), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	j.file, j.size = f, st.Size()
	if last := make([]byte, 1); j.size > 0 {
		if _, err := f.ReadAt(last, j.size-1); err == nil && last[0] != '\n' { // cut off by a crash: a line of its own
			n, _ := f.Write([]byte("\n"))
			j.size += int64(n)
		}
	}
	return nil
}

// roll begins the next segment and removes the oldest if there are too many.
func (j *journal) roll() error {
	j.file.Close()
	j.file = nil
	j.segment++
	if err := j.openSegment(); err != nil {
		return err
	}
	ns, err := j.list()
	for len(ns) > segments {
		os.Remove(filepath.Join(j.dir, segmentName(ns[0])))
		ns = ns[1:]
	}
	return err
}

// create makes the folder with its group.json, if it is not there.
func (j *journal) create() error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(j.dir, "group.json")); err == nil {
		return nil
	}
	return j.write(meta{Format: 1, Created: j.cfg.Now().UnixMilli()})
}

func (j *journal) write(m meta) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	tmp := filepath.Join(j.dir, "group.json.new")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(j.dir, "group.json"))
}

// meta reads group.json; ok is false if there is no such group.
func (j *journal) meta() (m meta, ok bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.flush(); err != nil {
		return m, false, err
	}
	b, err := os.ReadFile(filepath.Join(j.dir, "group.json"))
	if errors.Is(err, os.ErrNotExist) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	return m, true, json.Unmarshal(b, &m)
}

// list gives the numbers of the segments, ascending.
func (j *journal) list() ([]int, error) {
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return nil, err
	}
	var ns []int
	for _, e := range entries { // ordered by name
		if n, ok := strings.CutSuffix(e.Name(), ".log"); ok {
			if v, err := strconv.Atoi(n); err == nil {
				ns = append(ns, v)
			}
		}
	}
	return ns, nil
}

// remove deletes the group.
func (j *journal) remove() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending.Reset()
	if j.file != nil {
		j.file.Close()
		j.file = nil
	}
	return os.RemoveAll(j.dir)
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := j.flush()
	if j.file != nil {
		err = errors.Join(err, j.file.Close())
		j.file = nil
	}
	return err
}

// scan calls do for the events from a position on, in order, until it returns false. Appending goes on meanwhile.
func (j *journal) scan(from position, do func(e *event) bool) error {
	j.mu.Lock()
	err := j.flush()
	j.mu.Unlock()
	if err != nil {
		return err
	}
	ns, err := j.list()
	if err != nil {
		return err
	}
	for _, n := range ns {
		if n < from.segment {
			continue
		}
		start := int64(0)
		if n == from.segment {
			start = from.offset
		}
		if more, err := j.scanSegment(n, start, do); !more || err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) scanSegment(n int, start int64, do func(e *event) bool) (more bool, err error) {
	f, err := os.Open(filepath.Join(j.dir, segmentName(n)))
	if errors.Is(err, os.ErrNotExist) { // removed meanwhile
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return false, err
	}
	r := bufio.NewReaderSize(f, 64<<10)
	for at := start; ; {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return true, nil // a line without its end is still being written, or was cut off by a crash
		}
		if err != nil {
			return false, err
		}
		var e event
		if json.Unmarshal(line, &e) == nil { // what a crash has garbled is passed over
			e.at = position{n, at}
			if !do(&e) {
				return false, nil
			}
		}
		at += int64(len(line))
	}
}
