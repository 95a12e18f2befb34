package durable

// crew is the goroutines of a batch's items. Its fields belong to execution.mu.
type crew struct {
	alive    int
	finished []*batchItem // that the coordinator has not looked at yet, in the order of their end
	cell     cell
	fault    error
}

// inTurn runs one item after the other on the calling goroutine.
func (r *batchRun) inTurn(p *completion) error {
	for i := 0; i < r.total && !p.done; i++ {
		if r.cfg.nesting != NestingFlat {
			r.c.claimed++
		}
		it, err := r.admit(i)
		if err != nil {
			return err
		}
		if err := r.drive(it, r.inner.branch, r.c.owner); err != nil {
			return err
		}
		if err := p.ended(it); err != nil {
			return err
		}
	}
	return nil
}

// beside runs items on goroutines of their own, up to the limit. The calling goroutine admits them in order and watches
// the policy; when that has enough, it gives the others up and waits until they are gone.
func (r *batchRun) beside(p *completion) error {
	ex := r.c.ex
	if r.cfg.nesting != NestingFlat {
		r.c.claimed += r.total
	}
	limit := r.cfg.concurrency
	if limit <= 0 {
		limit = r.total
	}
	under, next := 0, 0
	var failure error
	for failure == nil && !p.done {
		failure = r.recruit(&next, min(r.total, next+limit-under))
		under = next - p.completed
		if failure != nil || under == 0 {
			break
		}
		var ended []*batchItem
		failure = ex.park(r.c.branch, false, func() bool {
			ended, r.crew.finished = r.crew.finished, nil
			return len(ended) > 0 || r.crew.fault != nil
		}, &r.crew.cell)
		for _, it := range ended {
			if failure == nil && !p.done {
				failure = p.ended(it)
			}
		}
		if failure == nil {
			failure = r.crew.fault
		}
		under = next - p.completed
	}
	return r.dismiss(failure)
}

// recruit admits items up to index to, all of them before the first one runs, so that their starts share a call.
func (r *batchRun) recruit(next *int, to int) error {
	from := *next
	for ; *next < to; *next++ {
		if _, err := r.admit(*next); err != nil {
			return err
		}
	}
	ex := r.c.ex
	for _, it := range r.items[from:] {
		ex.mu.Lock()
		r.crew.alive++
		ex.mu.Unlock()
		it.branch = ex.spawn(r.c.branch, false, func(b *branch, gid uint64) {
			fault := r.drive(it, b, gid)
			ex.mu.Lock()
			defer ex.mu.Unlock()
			r.crew.alive--
			if fault == nil {
				r.crew.finished = append(r.crew.finished, it)
			} else if r.crew.fault == nil && !b.gone() {
				r.crew.fault = fault
			}
			ex.touch(&r.crew.cell)
		})
	}
	return nil
}

// dismiss gives up the items that still run and waits for their goroutines to end.
func (r *batchRun) dismiss(failure error) error {
	ex := r.c.ex
	var left []*branch
	for _, it := range r.items {
		if it.branch != nil {
			left = append(left, it.branch)
		}
	}
	ex.abandon(left)
	err := ex.park(r.c.branch, false, func() bool { return r.crew.alive == 0 }, &r.crew.cell)
	if failure == nil {
		failure = err
	}
	return failure
}
