package process

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/perdure/perdure/internal/host"
)

const (
	tailBytes = 4096      // of the log in a Result
	lineBytes = 256 << 10 // longest log event, as CloudWatch Logs has it; longer lines are cut into several
	exitGrace = 100 * time.Millisecond
)

// output is the pipe that an instance prints to (stdout and stderr together) and the log lines made of it.
//
// A runtime prints first and answers afterwards, over another connection. So that a Result has all that was printed before
// the answer, the pipe is read under a lock, by the reader when it becomes readable and by drain when an answer came in.
type output struct {
	sink func([]host.LogLine)
	now  func() time.Time
	eof  chan struct{} // closed when the reader has ended
	rc   syscall.RawConn

	mu      sync.Mutex
	r, w    *os.File
	fd      int
	closed  bool
	chunk   []byte
	partial []byte // line without its end
	batch   []host.LogLine
	last    []byte // tail of the current invocation's log
}

func newOutput(sink func([]host.LogLine), now func() time.Time) *output {
	o := &output{sink: sink, now: now, eof: make(chan struct{})}
	var err error
	if o.r, o.w, err = os.Pipe(); err != nil {
		o.closed = true
		close(o.eof)
		return o // spawn reports that there is no pipe
	}
	o.rc, _ = o.r.SyscallConn()
	o.rc.Control(func(fd uintptr) { o.fd = int(fd) })
	o.chunk = make([]byte, 16<<10)
	return o
}

// follow reads until the pipe ends. The child has been started: our copy of its end goes.
func (o *output) follow() {
	o.w.Close()
	go func() {
		defer close(o.eof)
		o.rc.Read(func(uintptr) bool {
			o.mu.Lock()
			defer o.mu.Unlock()
			return o.read()
		})
	}()
}

// read takes what the pipe holds; true at its end. The lock is held.
func (o *output) read() bool {
	for !o.closed {
		n, err := syscall.Read(o.fd, o.chunk)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			o.flush()
			return false
		case n <= 0:
			o.flush()
			return true
		default:
			o.split(o.chunk[:n])
		}
	}
	return true
}

// split cuts bytes into lines.
func (o *output) split(b []byte) {
	o.keep(b)
	at := o.now().UnixMilli()
	start := 0
	for n, c := range b {
		if c == '\n' {
			o.line(at, b[start:n])
			start = n + 1
		}
	}
	o.partial = append(o.partial, b[start:]...)
	for len(o.partial) >= lineBytes {
		rest := append([]byte(nil), o.partial[lineBytes:]...)
		o.partial = o.partial[:lineBytes]
		o.line(at, nil)
		o.partial = rest
	}
}

func (o *output) line(at int64, b []byte) {
	o.partial = append(o.partial, b...)
	text := string(o.partial)
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	o.batch = append(o.batch, host.LogLine{Time: at, Text: text})
	o.partial = o.partial[:0]
	if len(o.batch) >= 256 {
		o.flush()
	}
}

func (o *output) flush() {
	if len(o.batch) > 0 {
		o.sink(o.batch)
		o.batch = o.batch[:0]
	}
}

// keep remembers the last bytes for the tail.
func (o *output) keep(b []byte) {
	if len(b) > tailBytes {
		b = b[len(b)-tailBytes:]
	}
	if over := len(o.last) + len(b) - 2*tailBytes; over > 0 {
		o.last = append(o.last[:0], o.last[len(o.last)-tailBytes:]...)
	}
	o.last = append(o.last, b...)
}

// begin starts the tail of a new invocation.
func (o *output) begin() {
	o.drain()
	o.mu.Lock()
	o.last = o.last[:0]
	o.mu.Unlock()
}

// drain takes what has been printed so far.
func (o *output) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed && o.rc != nil {
		o.read()
	}
}

// own adds a line that the host writes itself.
func (o *output) own(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.partial) > 0 {
		o.keep([]byte{'\n'})
		o.line(o.now().UnixMilli(), nil)
	}
	o.split([]byte(text + "\n"))
	o.flush()
}

func (o *output) tail() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.last
	if len(b) > tailBytes {
		b = b[len(b)-tailBytes:]
	}
	return append([]byte(nil), b...)
}

// finish reads the rest after the process has exited and its group was killed. A descendant that left the group may keep
// the pipe open, which is not waited for beyond exitGrace.
func (o *output) finish(afterFunc func(time.Duration, func()) func() bool) {
	if o.r == nil {
		return
	}
	late := make(chan struct{})
	stop := afterFunc(exitGrace, func() { close(late) })
	select {
	case <-o.eof:
	case <-late:
	}
	stop()
	o.mu.Lock()
	o.read()
	if len(o.partial) > 0 {
		o.line(o.now().UnixMilli(), nil)
	}
	o.flush()
	o.closed = true
	o.mu.Unlock()
	o.r.Close()
	o.w.Close()
}
