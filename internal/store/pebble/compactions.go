package pebble

import (
	"sync"

	lsm "github.com/cockroachdb/pebble/v2"
)

// compactions lets the database compact as much at once as it allows itself. It acts when something has changed: the
// database's own scheduler does the same and also looks ten times a second, which is what an idle server would spend its
// processor time on.
type compactions struct {
	db     lsm.DBForCompaction // set once, before anything else is called
	grants sync.WaitGroup      // goroutines of UpdateGetAllowedWithoutPermission

	mu       sync.Mutex // after the database's own
	changed  *sync.Cond // granting
	running  int
	allowed  int  // when last asked
	granting bool // one at a time, with mu released
	over     bool
}

var (
	_ lsm.CompactionScheduler   = (*compactions)(nil)
	_ lsm.CompactionGrantHandle = (*compactions)(nil)
)

func newCompactions() *compactions {
	c := &compactions{}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Register and the other exported methods implement lsm.CompactionScheduler and lsm.CompactionGrantHandle.
func (c *compactions) Register(_ int, db lsm.DBForCompaction) { c.db = db }

// Unregister returns when the database will not be called any more.
func (c *compactions) Unregister() {
	c.mu.Lock()
	c.over = true
	for c.granting {
		c.changed.Wait()
	}
	c.mu.Unlock()
	c.grants.Wait()
}

func (c *compactions) TrySchedule() (bool, lsm.CompactionGrantHandle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return false, nil
	}
	if c.allowed = c.db.GetAllowedWithoutPermission(); c.running >= c.allowed {
		return false, nil
	}
	c.running++
	return true, c
}

// UpdateGetAllowedWithoutPermission is called after a flush, with the database locked, so that granting has to wait.
func (c *compactions) UpdateGetAllowedWithoutPermission() {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.allowed
	if c.allowed = c.db.GetAllowedWithoutPermission(); c.allowed > was && !c.over {
		c.grants.Go(c.grant)
	}
}

// Done is called after a compaction, with nothing locked.
func (c *compactions) Done() {
	c.mu.Lock()
	c.running--
	c.mu.Unlock()
	c.grant()
}

// Started, MeasureCPU and CumulativeStats are for schedulers that share out more than a number of compactions.
func (c *compactions) Started()                                       {}
func (c *compactions) MeasureCPU(lsm.CompactionGoroutineKind)         {}
func (c *compactions) CumulativeStats(lsm.CompactionGrantHandleStats) {}

// grant starts compactions that wait.
func (c *compactions) grant() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.granting {
		c.changed.Wait()
	}
	c.granting = true
	for !c.over {
		if c.allowed = c.db.GetAllowedWithoutPermission(); c.running >= c.allowed {
			break
		}
		c.mu.Unlock()
		waits, _ := c.db.GetWaitingCompaction()
		began := waits && c.db.Schedule(c)
		c.mu.Lock()
		if !began {
			break
		}
		c.running++
	}
	c.granting = false
	c.changed.Broadcast()
}
