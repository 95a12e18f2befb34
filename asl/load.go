package asl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// Load makes an execution out of its rows, such as engine.Tx.Parts calls out. Rows with keys of others are ignored.
func Load(m *Machine, l Limits, rows func(each func(key string, value []byte))) (*Exec, error) {
	x := &Exec{m: m, limits: l.resolve(), threads: map[string]*thread{}}
	r := &reader{x: x, rows: map[string]value.Value{}, items: map[string][]byte{}, results: map[string][]string{}, open: map[string][]string{}}
	rows(r.row)
	if r.err != nil {
		return nil, r.err
	}
	if err := r.load(); err != nil {
		return nil, err
	}
	return x, nil
}

// maxRow bounds a row, bytes: the items of a map run may be as large as what is read for them.
const maxRow = 1 << 30

// reader builds an Exec.
type reader struct {
	x       *Exec
	rows    map[string]value.Value
	items   map[string][]byte // rows "i", by thread
	threads []string
	results map[string][]string // numbers of rows "r", by thread
	open    map[string][]string // numbers of rows "c", by thread
	err     error
}

func (r *reader) row(key string, data []byte) {
	if key == "" || r.err != nil {
		return
	}
	switch key[0] {
	case 't':
		r.threads = append(r.threads, key[1:])
	case 'r':
		thread, n, _ := strings.Cut(key[1:], "/")
		r.results[thread] = append(r.results[thread], n)
	case 'c':
		thread, n, _ := strings.Cut(key[1:], "/")
		r.open[thread] = append(r.open[thread], n)
	case 'i':
		r.items[key[1:]] = data
		return
	case 'x', 'n', 'v', 's', 'm':
	default:
		return
	}
	v, err := value.Decode(data, value.Limits{Bytes: maxRow})
	if err != nil {
		r.err = fmt.Errorf("row %q of the execution cannot be read: %w", key, err)
		return
	}
	r.rows[key] = v
}

func (r *reader) load() error {
	x := r.x
	x.info.decode(r.rows["n"])
	x.infoStored = true
	top := r.rows["x"]
	if top.IsUndefined() {
		return fmt.Errorf("the execution's row is missing")
	}
	x.status = Status(top.Get("st").Str())
	if o := top.Get("mk").Object(); o != nil {
		x.mocked = map[string]int{}
		for i := range o.Len() {
			x.mocked[o.Key(i)] = int(readInt(o.At(i)))
		}
	}
	slices.SortFunc(r.threads, compareKeys)
	for _, key := range r.threads {
		if err := r.thread(key); err != nil {
			return err
		}
	}
	for _, k := range top.Get("q").Items() {
		x.queueStored = true
		if t := x.threads[k.Str()]; t != nil {
			x.enqueue(t)
		}
	}
	return nil
}

// compareKeys orders threads so that parents come before children and siblings by index.
func compareKeys(a, b string) int {
	for a != b {
		x, restA, _ := strings.Cut(a, ".")
		y, restB, _ := strings.Cut(b, ".")
		i, _ := strconv.Atoi(x)
		j, _ := strconv.Atoi(y)
		if i != j {
			return i - j
		}
		if restA == "" || restB == "" {
			return len(restA) - len(restB)
		}
		a, b = restA, restB
	}
	return 0
}

func (r *reader) thread(key string) error {
	x, v := r.x, r.rows["t"+key]
	t := &thread{key: key, block: x.m.root, stored: true}
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		p := x.threads[key[:i]]
		n, err := strconv.Atoi(key[i+1:])
		if p == nil || p.kids == nil || err != nil {
			return fmt.Errorf("thread %q has no container", key)
		}
		if p.state.each != nil {
			t.block = p.state.each.body
		} else if n < len(p.state.branches) {
			t.block = p.state.branches[n]
		}
		t.parent, t.index = p, n
		p.kids.live[n] = t
	} else {
		x.root = t
	}
	if t.state = t.block.states[v.Get("s").Str()]; t.state == nil {
		return fmt.Errorf("thread %q is at state %q, which the definition does not have", key, v.Get("s").Str())
	}
	x.threads[key] = t
	t.phase = phase(v.Get("p").Str())
	t.before, t.entered, t.prev = uint64(readInt(v.Get("b"))), uint64(readInt(v.Get("e"))), uint64(readInt(v.Get("l")))
	t.enteredAt, t.due = readTime(v.Get("a")), readTime(v.Get("d"))
	t.retries = int(readInt(v.Get("r")))
	for _, n := range v.Get("c").Items() {
		t.counts = append(t.counts, int(readInt(n)))
	}
	if len(t.counts) != len(t.state.retry) {
		t.counts = nil
	}
	t.call.decode(v.Get("k"))
	if vars := r.rows["v"+key]; !vars.IsUndefined() {
		t.vars, t.varsStored = vars.Object(), true
	}
	r.input(t, v)
	if c := v.Get("m"); !c.IsUndefined() {
		return r.container(t, c)
	}
	return nil
}

// input finds the state's input: the execution's, in a row of its own, or in the thread's row.
func (r *reader) input(t *thread, v value.Value) {
	switch own, apart := r.rows["s"+t.key]; {
	case v.Get("f").Bool():
		t.first, t.raw = true, r.x.input()
	case apart:
		t.raw, t.rawStored = own, true
	default:
		t.raw = v.Get("i")
	}
}

func (r *reader) container(t *thread, v value.Value) error {
	size := int(readInt(v.Get("n")))
	if size < 0 || size > 1<<27 {
		return fmt.Errorf("thread %q has an impossible number of children", t.key)
	}
	c := newContainer(size, int(readInt(v.Get("w"))))
	c.next = int(readInt(v.Get("x")))
	t.kids = c
	if err := r.itemsOf(t); err != nil {
		return err
	}
	for _, index := range r.results[t.key] {
		n, err := strconv.Atoi(index)
		if err != nil || n < 0 || n >= size {
			continue
		}
		c.results[n] = r.rows["r"+t.key+"/"+index]
		c.written[n] = true
		c.done++
	}
	return r.run(t)
}

// itemsOf reads what a Map goes over. Iterations have it decoded, map runs as text.
func (r *reader) itemsOf(t *thread) error {
	row, ok := r.items[t.key]
	if !ok {
		return nil
	}
	if _, run := r.rows["m"+t.key]; run {
		if t.kids.items, ok = encodedItems(row); !ok {
			return fmt.Errorf("the items of thread %q cannot be read", t.key)
		}
	} else {
		v, err := value.Decode(row, value.Limits{Bytes: maxRow})
		if err != nil {
			return fmt.Errorf("the items of thread %q cannot be read: %w", t.key, err)
		}
		t.kids.items = decodedItems(v)
	}
	t.kids.itemsStored = true
	return nil
}

func (c *callState) decode(v value.Value) {
	if v.IsUndefined() {
		return
	}
	*c = callState{
		key: v.Get("k").Str(), token: v.Get("t").Str(), started: v.Get("s").Bool(), submitted: v.Get("u").Bool(),
		timeout: readInt(v.Get("o")), heartbeat: readInt(v.Get("h")), expires: readTime(v.Get("x")), beat: readTime(v.Get("b")),
	}
}

func (i *Info) decode(v value.Value) {
	*i = Info{
		ID: v.Get("id").Str(), Name: v.Get("name").Str(), Role: v.Get("role").Str(), Machine: v.Get("machine").Str(),
		MachineName: v.Get("machineName").Str(), Version: v.Get("version").Str(), Alias: v.Get("alias").Str(),
		Region: v.Get("region").Str(), Account: v.Get("account").Str(), Input: []byte(v.Get("input").Str()),
		Start: readTime(v.Get("start")), Express: v.Get("express").Bool(), Sync: v.Get("sync").Bool(),
		RedriveCount: int(readInt(v.Get("redriveCount"))), Redriven: readTime(v.Get("redriven")), MapRun: v.Get("mapRun").Str(),
	}
}
