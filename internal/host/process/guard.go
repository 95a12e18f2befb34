package process

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

// guard is a small shell process that outlives this one by a moment. It reads the process groups of the children from a
// pipe; when the pipe ends, because this process has ended in whatever way, it kills those that are left. Where there is no
// /bin/sh there is no guard, and only the parent-death signal of Linux protects.
type guard struct {
	mu   sync.Mutex
	pipe *os.File
	proc *os.Process
}

// guardScript keeps the living groups in its positional parameters. It is in a process group of its own, so that a Ctrl-C
// in the terminal does not end it before its work.
const guardScript = `
trap '' INT TERM HUP
set --
while read -r op pid; do
  case $op in
  +) set -- "$@" "$pid" ;;
  -) n=$#; while [ $n -gt 0 ]; do p=$1; shift; [ "$p" = "$pid" ] || set -- "$@" "$p"; n=$((n-1)); done ;;
  esac
done
for p; do kill -9 "-$p" 2>/dev/null; done
`

func newGuard() *guard {
	r, w, err := os.Pipe()
	if err != nil {
		return &guard{}
	}
	defer r.Close()
	syscall.SetNonblock(int(r.Fd()), false)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		w.Close()
		return &guard{}
	}
	defer null.Close()
	p, err := os.StartProcess("/bin/sh", []string{"perdure-guard", "-c", guardScript}, &os.ProcAttr{
		Dir: "/", Env: []string{}, Files: []*os.File{r, null, null}, Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		w.Close()
		return &guard{}
	}
	return &guard{pipe: w, proc: p}
}

func (g *guard) add(pid int)    { g.tell('+', pid) }
func (g *guard) remove(pid int) { g.tell('-', pid) }

func (g *guard) tell(op rune, pid int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pipe != nil {
		fmt.Fprintf(g.pipe, "%c %d\n", op, pid)
	}
}

func (g *guard) close() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pipe != nil {
		g.pipe.Close()
		g.pipe = nil
		g.proc.Wait()
	}
}
