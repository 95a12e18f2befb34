package asl

import (
	"slices"
	"strconv"
	"time"

	"github.com/perdure/perdure/asl/value"
)

// touch marks a thread whose row may have to be written.
func (x *Exec) touch(t *thread) {
	if !t.dirty {
		t.dirty = true
		x.touched = append(x.touched, t)
	}
}

func resultKey(thread string, n int) string { return "r" + thread + "/" + strconv.Itoa(n) }

// save turns what the Step has changed into rows.
func (x *Exec) save() {
	w := &writer{x: x, deleted: map[string]bool{}}
	for _, key := range x.d.Delete {
		w.deleted[key] = true
	}
	x.d.Delete = nil
	for _, t := range x.gone {
		w.drop("t"+t.key, &t.stored)
		w.drop("v"+t.key, &t.varsStored)
		w.drop("s"+t.key, &t.rawStored)
		x.bytes -= t.bytes
		t.bytes = 0
	}
	if x.written || len(x.queue) > 0 || x.queueStored {
		w.put("x", x.encode())
	}
	if !x.infoStored || x.infoDirty {
		w.put("n", x.info.encode())
		x.infoStored, x.infoDirty = true, false
	}
	for _, t := range x.touched {
		t.dirty = false
		if x.threads[t.key] == t {
			w.thread(t)
		}
	}
	for key := range w.deleted {
		x.d.Delete = append(x.d.Delete, key)
	}
	slices.Sort(x.d.Delete)
	x.saveTimers()
}

// writer gathers the rows of one Step.
type writer struct {
	x       *Exec
	deleted map[string]bool
}

func (w *writer) put(key string, v []byte) {
	delete(w.deleted, key)
	w.x.d.Put = append(w.x.d.Put, Row{key, v})
}

func (w *writer) drop(key string, stored *bool) {
	if *stored {
		*stored = false
		w.deleted[key] = true
	}
}

func (w *writer) thread(t *thread) {
	row := t.encode()
	w.put("t"+t.key, row)
	size := len(row)
	t.stored = true
	switch {
	case t.kids != nil && !t.first && !t.rawStored:
		raw := t.raw.JSON()
		w.put("s"+t.key, raw)
		t.rawStored = true
		size += len(raw)
	case t.kids == nil:
		w.drop("s"+t.key, &t.rawStored)
	}
	if t.varsDirty {
		w.put("v"+t.key, value.FromObject(t.vars).JSON())
		t.varsDirty, t.varsStored = false, true
	}
	w.x.bytes += size - t.bytes
	t.bytes = size
	if t.kids != nil {
		w.container(t)
	}
}

func (w *writer) container(t *thread) {
	c := t.kids
	add := func(key string, v []byte) {
		w.put(key, v)
		c.bytes += len(v)
		w.x.bytes += len(v)
	}
	if !c.itemsStored && c.items.defined() {
		add("i"+t.key, c.items.json())
		c.itemsStored = true
	}
	for _, n := range c.newResults {
		if c.run == nil {
			add(resultKey(t.key, n), c.results[n].JSON())
		} else if row := c.run.result(n); row != nil {
			add(resultKey(t.key, n), row)
		} else {
			continue
		}
		c.written[n] = true
	}
	c.newResults = nil
	if c.run != nil {
		w.run(t)
	}
}

// encode is the execution's row: what changes.
func (x *Exec) encode() []byte {
	o := value.NewObject(4)
	o.Set("v", value.Int(1))
	o.Set("st", value.String(string(x.status)))
	x.queueStored = len(x.queue) > 0
	if x.queueStored {
		keys := make([]value.Value, len(x.queue))
		for i, t := range x.queue {
			keys[i] = value.String(t.key)
		}
		o.Set("q", value.Array(keys...))
	}
	if len(x.mocked) > 0 {
		m := value.NewObject(len(x.mocked))
		for _, name := range sortedKeys(x.mocked) {
			m.Set(name, value.Int(int64(x.mocked[name])))
		}
		o.Set("mk", value.FromObject(m))
	}
	return value.FromObject(o).JSON()
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// object writes rows: members that are zero are left out.
type object struct{ *value.Object }

func (o object) text(key, s string) {
	if s != "" {
		o.Set(key, value.String(s))
	}
}

func (o object) num(key string, n int64) {
	if n != 0 {
		o.Set(key, value.Int(n))
	}
}

func (o object) flag(key string, b bool) {
	if b {
		o.Set(key, value.Bool(true))
	}
}

func (o object) time(key string, t time.Time) {
	if !t.IsZero() {
		o.Set(key, value.Int(t.UnixNano()))
	}
}

func readTime(v value.Value) time.Time {
	n, ok := v.Int64()
	if !ok || n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func readInt(v value.Value) int64 { n, _ := v.Int64(); return n }

// encode is the thread's row.
func (t *thread) encode() []byte {
	o := object{value.NewObject(12)}
	o.text("s", t.state.name)
	o.text("p", string(t.phase))
	if t.first {
		o.flag("f", true)
	} else if t.kids == nil {
		o.Set("i", t.raw)
	}
	o.num("b", int64(t.before))
	o.num("e", int64(t.entered))
	o.time("a", t.enteredAt)
	o.num("l", int64(t.prev))
	o.num("r", int64(t.retries))
	if len(t.counts) > 0 {
		counts := make([]value.Value, len(t.counts))
		for i, n := range t.counts {
			counts[i] = value.Int(int64(n))
		}
		o.Set("c", value.Array(counts...))
	}
	o.time("d", t.due)
	if t.call.key != "" {
		o.Set("k", t.call.encode())
	}
	if c := t.kids; c != nil {
		k := object{value.NewObject(3)}
		k.num("n", int64(c.size))
		k.num("x", int64(c.next))
		k.num("w", int64(c.width))
		o.Set("m", value.FromObject(k.Object))
	}
	return value.FromObject(o.Object).JSON()
}

func (c *callState) encode() value.Value {
	o := object{value.NewObject(8)}
	o.text("k", c.key)
	o.text("t", c.token)
	o.flag("s", c.started)
	o.flag("u", c.submitted)
	o.num("o", c.timeout)
	o.num("h", c.heartbeat)
	o.time("x", c.expires)
	o.time("b", c.beat)
	return value.FromObject(o.Object)
}

func (i *Info) encode() []byte {
	o := object{value.NewObject(16)}
	o.text("id", i.ID)
	o.text("name", i.Name)
	o.text("role", i.Role)
	o.text("machine", i.Machine)
	o.text("machineName", i.MachineName)
	o.text("version", i.Version)
	o.text("alias", i.Alias)
	o.text("region", i.Region)
	o.text("account", i.Account)
	o.text("input", string(i.Input))
	o.time("start", i.Start)
	o.flag("express", i.Express)
	o.flag("sync", i.Sync)
	o.num("redriveCount", int64(i.RedriveCount))
	o.time("redriven", i.Redriven)
	o.text("mapRun", i.MapRun)
	return value.FromObject(o.Object).JSON()
}
