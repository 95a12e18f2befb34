package process

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
)

// spawner starts children. Linux ties the parent-death signal of a child to the thread that forked it, not to the process,
// so every child is forked by one thread that lives until close. The guard covers what that signal does not: descendants
// of the children, and other systems.
type spawner struct {
	once  sync.Once
	work  chan func()
	done  chan struct{}
	guard *guard
}

func newSpawner() *spawner { return &spawner{work: make(chan func()), done: make(chan struct{})} }

// begin starts the thread and the guard with the first child.
func (s *spawner) begin() {
	s.guard = newGuard()
	go func() {
		defer close(s.done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for f := range s.work {
			f()
		}
	}()
}

// spawn starts cmd as the leader of a process group of its own, printing to o.
func (s *spawner) spawn(cmd *command, env []string, o *output) (*os.Process, error) {
	s.once.Do(s.begin)
	if o.w == nil {
		return nil, errors.New("no pipe for the function's output: too many open files")
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	if err := syscall.SetNonblock(int(o.w.Fd()), false); err != nil {
		return nil, err
	}
	attr := &os.ProcAttr{Dir: cmd.dir, Env: env, Files: []*os.File{null, o.w, o.w}, Sys: childAttr()}
	var p *os.Process
	started := make(chan struct{})
	s.work <- func() {
		defer close(started)
		p, err = os.StartProcess(cmd.path, cmd.args, attr)
	}
	<-started
	if err != nil {
		return nil, err
	}
	s.guard.add(p.Pid)
	o.follow()
	return p, nil
}

// killGroup ends a child and all in its process group. The child has not been waited for.
func (s *spawner) killGroup(pid int) {
	syscall.Kill(-pid, syscall.SIGKILL)
}

// reaped ends what a child has left behind in its group, just after the child was waited for.
func (s *spawner) reaped(pid int) {
	s.killGroup(pid)
	s.guard.remove(pid)
}

// close lets the thread and the guard go; no child may be left.
func (s *spawner) close() {
	s.once.Do(func() { close(s.done) }) // never began
	close(s.work)
	<-s.done
	s.guard.close()
}
