package durop

import (
	"container/heap"
	"slices"
)

// State is the operations of one execution and what its handler has seen of them. It is not safe for concurrent use.
type State struct {
	Ops   []*Operation // by Index
	Clock uint64       // counts changes of operations
	Seen  uint64       // Clock up to which the handler knows every change
	Mark  uint64       // Clock up to which the service's own changes were told in UpdatedOperationIds

	byID  map[string]*Operation
	fresh []int // indexes of operations changed after Seen; rebuilt when loaded
	dirty []int // indexes of operations whose rows are out of date
	wakes wakeHeap
}

// NewState folds rows, in any order, into a state.
func NewState(ops []*Operation, clock, seen, mark uint64) *State {
	slices.SortFunc(ops, func(a, b *Operation) int { return a.Index - b.Index })
	s := &State{Ops: ops, Clock: clock, Seen: seen, Mark: mark, byID: make(map[string]*Operation, len(ops))}
	for _, o := range ops {
		s.byID[o.ID] = o
		if o.Changed > seen {
			s.fresh = append(s.fresh, o.Index)
		}
		s.schedule(o)
	}
	return s
}

// Find returns the operation with the id, nil if there is none.
func (s *State) Find(id string) *Operation { return s.byID[id] }

// At returns the operation with the index, nil if there is none.
func (s *State) At(index int) *Operation {
	if index < 0 || index >= len(s.Ops) {
		return nil
	}
	return s.Ops[index]
}

// add puts a new operation into the state.
func (s *State) add(o *Operation) {
	o.Index = len(s.Ops)
	s.Ops = append(s.Ops, o)
	s.byID[o.ID] = o
}

// touch records that o changed.
func (s *State) touch(o *Operation, byService bool) {
	if o.Changed <= s.Seen {
		s.fresh = append(s.fresh, o.Index)
	}
	s.Clock++
	o.Changed = s.Clock
	if byService {
		o.Served = s.Clock
	}
	s.dirty = append(s.dirty, o.Index)
	s.schedule(o)
}

// Dirty calls each for every operation whose row is out of date, and takes it that it is written now.
func (s *State) Dirty(each func(*Operation)) {
	slices.Sort(s.dirty)
	for _, i := range slices.Compact(s.dirty) {
		each(s.Ops[i])
	}
	s.dirty = s.dirty[:0]
}

// Fresh returns the operations that changed since the handler last saw them, in the order of their start.
func (s *State) Fresh() []*Operation {
	slices.Sort(s.fresh)
	ops := make([]*Operation, 0, len(s.fresh))
	for _, i := range s.fresh {
		ops = append(ops, s.Ops[i])
	}
	return ops
}

// Unseen says whether the service changed anything that the handler does not know of.
func (s *State) Unseen() bool { return len(s.fresh) > 0 }

// Show records that the handler has been told everything.
func (s *State) Show() {
	s.Seen = s.Clock
	s.fresh = s.fresh[:0]
}

// Told records that an invocation ended well: the changes it knows of are not listed again.
func (s *State) Told() { s.Mark = s.Seen }

// Updated lists the ids that the service changed since the last invocation that ended well.
func (s *State) Updated() (ids []string) {
	for _, o := range s.Ops {
		if o.Served > s.Mark {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// Suspends says whether a handler may return PENDING, and whether it must be called again at once because a step is ready.
func (s *State) Suspends() (may, ready bool) {
	for _, o := range s.Ops {
		if o.suspends() {
			may = true
			ready = ready || o.Status == Ready
		}
	}
	return may || s.Unseen(), ready
}

// NextWake is when time alone will next change an operation, 0 if never.
func (s *State) NextWake() int64 {
	for len(s.wakes) > 0 {
		w := s.wakes[0]
		if s.Ops[w.index].wake() == w.at {
			return w.at
		}
		heap.Pop(&s.wakes)
	}
	return 0
}

func (s *State) schedule(o *Operation) {
	if at := o.wake(); at != 0 {
		heap.Push(&s.wakes, wake{at, o.Index})
	}
}

// wake is an entry of the heap; it is stale once its operation wakes at another time, or never.
type wake struct {
	at    int64
	index int
}

type wakeHeap []wake

func (h wakeHeap) Len() int { return len(h) }
func (h wakeHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].index < h[j].index
}
func (h wakeHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *wakeHeap) Push(x any)   { *h = append(*h, x.(wake)) }
func (h *wakeHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// Since lists the operations that changed after a value of Clock, in the order of their start.
func (s *State) Since(clock uint64) []*Operation {
	var ops []*Operation
	for _, o := range s.Ops {
		if o.Changed > clock {
			ops = append(ops, o)
		}
	}
	return ops
}
