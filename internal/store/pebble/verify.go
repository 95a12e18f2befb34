package pebble

import (
	"context"
	"errors"
	"fmt"
	"strings"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/perdure/perdure/internal/store"
)

// Problem is damage that Verify found: in a row, a file, or something that should be there and is not.
type Problem struct {
	Entity store.ID `json:"entity,omitempty"`
	Where  string   `json:"where"` // the row's key as a Go string, or the file
	What   string   `json:"what"`
}

func (p Problem) String() string {
	if p.Entity == "" {
		return p.Where + ": " + p.What
	}
	return fmt.Sprintf("%s of entity %q: %s", p.Where, string(p.Entity), p.What)
}

// Report counts what Verify looked at.
type Report struct {
	Entities  int `json:"entities"`
	Events    int `json:"events"`
	Parts     int `json:"parts"`
	Timers    int `json:"timers"`
	Effects   int `json:"effects"`
	Messages  int `json:"messages"`
	Documents int `json:"documents"`
	Blobs     int `json:"blobs"`
	Problems  int `json:"problems"`
}

// Verify reads all of the store as of one moment and tells of everything that breaks the invariants of the package comment.
// Work and memory do not depend on how many entities there are at once: tables in the order of entities are walked side by
// side, indexes are looked up row by row. An error is that of each, of ctx, or of the disk; damage is no error.
func (s *Store) Verify(ctx context.Context, each func(Problem) error) (Report, error) {
	v := &verifier{s: s, ctx: ctx, each: each, now: s.db.NewSnapshot()}
	epoch, err := s.meta(metaEpoch)
	v.epoch = epoch
	v.check(err, "", string(metaKey(metaEpoch)))
	v.levels()
	v.entities()
	for _, table := range []byte{tabInbox, tabList, tabDue, tabDoc, tabMeta} {
		v.table([]byte{table}, []byte{table + 1})
	}
	v.strangers()
	v.blobs()
	return v.report, errors.Join(v.err, v.now.Close())
}

// verifier is one run of Verify. Once err is set everything else does nothing.
type verifier struct {
	s      *Store
	ctx    context.Context
	now    *lsm.Snapshot
	each   func(Problem) error
	epoch  uint64
	report Report
	err    error
}

// problem tells of one.
func (v *verifier) problem(id store.ID, where, what string) {
	if v.err != nil {
		return
	}
	v.report.Problems++
	v.err = v.each(Problem{id, where, what})
}

// check makes an error a problem of a row.
func (v *verifier) check(err error, id store.ID, key string) {
	if err != nil {
		v.problem(id, rowName([]byte(key)), err.Error())
	}
}

// rowName prints a key.
func rowName(key []byte) string { return fmt.Sprintf("row %q", key) }

// levels has the database look at itself: order within its files and between their levels, checksums on the way.
func (v *verifier) levels() {
	if err := v.s.db.CheckLevels(nil); err != nil {
		v.problem("", "the database's files", err.Error())
	}
}

// table walks rows that stand for themselves or in an index.
func (v *verifier) table(from, to []byte) {
	if v.err != nil {
		return
	}
	it, err := v.now.NewIter(&lsm.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		v.err = err
		return
	}
	for ok := it.First(); ok && v.err == nil; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			v.check(err, "", string(it.Key()))
			continue
		}
		v.row(it.Key(), value)
	}
	v.unreadable(it, from)
}

// unreadable ends a walk; if it broke off, what follows is damage that nobody can look into. From is nil before the first
// table.
func (v *verifier) unreadable(it *lsm.Iterator, from []byte) {
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		v.problem("", fmt.Sprintf("table %q", from[:min(1, len(from))]), "cannot be read to its end: "+err.Error())
	}
	if v.err == nil {
		v.err = v.ctx.Err()
	}
}

// row checks a row of an index, a document, a message or meta.
func (v *verifier) row(key, value []byte) {
	r, err := parseRow(key, value)
	if err != nil {
		v.check(err, r.id, string(key))
		return
	}
	switch r.table {
	case tabInbox: // may wait for an entity that does not exist yet
		v.report.Messages++
		if r.number>>seqBits > v.epoch {
			v.problem(r.id, rowName(key), fmt.Sprintf("the message is numbered in epoch %d, the store is in epoch %d", r.number>>seqBits, v.epoch))
		}
	case tabList:
		v.listed(&r, key)
	case tabDue:
		v.due(&r, key)
	case tabDoc:
		v.report.Documents++
	case tabMeta:
		if r.meta == metaFormat && r.value > format {
			v.problem("", rowName(key), fmt.Sprintf("the store has format %d, this program knows up to %d", r.value, format))
		}
	}
}

// strangers finds rows in no table. Between the first and the last table there is room for letters.
func (v *verifier) strangers() {
	const tables = "DEHILMOTX"
	var from []byte // nil, not empty: pebble takes an empty bound for a key to seek
	for i := range len(tables) {
		v.table(from, []byte{tables[i]})
		from = []byte{tables[i] + 1}
	}
	v.table(from, nil)
}

// blobs reads every blob's file. What a crash left half-written is no damage: the next start removes it.
func (v *verifier) blobs() {
	if v.err != nil {
		return
	}
	folder := v.s.fs.PathJoin(v.s.dir, blobFolder)
	files, err := v.s.fs.List(folder)
	if err != nil {
		v.problem("", folder, err.Error())
		return
	}
	for _, f := range files {
		if strings.HasSuffix(f, blobTemp) {
			continue
		}
		v.report.Blobs++
		path := v.s.fs.PathJoin(folder, f)
		name, _, err := v.s.readBlob(path)
		if err == nil && v.s.blobPath(name) != path {
			err = fmt.Errorf("the file holds the blob %q, which belongs elsewhere", name)
		}
		if err != nil {
			v.problem("", blobFolder+"/"+f, err.Error())
		}
		if v.err == nil {
			v.err = v.ctx.Err()
		}
	}
}
