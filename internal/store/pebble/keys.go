package pebble

import (
	"bytes"
	"encoding/binary"

	"github.com/perdure/perdure/internal/store"
)

// Tables: the first byte of a key.
const (
	tabEntity  = 'E'
	tabLazy    = 'L'
	tabHistory = 'H'
	tabEffect  = 'X'
	tabInbox   = 'I'
	tabDue     = 'T'
	tabList    = 'O'
	tabDoc     = 'D'
	tabMeta    = 'M'
)

// Rows of an entity: the byte after its id.
const (
	rowHead  = 'h'
	rowPart  = 'p'
	rowTimer = 't'
)

// Lists: the byte after the table.
const (
	listAll         = 'a'
	listOwner       = 'o'
	listStatus      = 's'
	listOwnerStatus = 'b'
)

const (
	metaFormat = "format"
	metaEpoch  = "epoch"
	seqBits    = 40 // messages in an epoch: 2^40, epochs: 2^24
)

func metaKey(name string) []byte { return append([]byte{tabMeta}, name...) }

// entityKey begins all rows of an entity in a table.
func entityKey(dst []byte, table byte, id store.ID) []byte {
	dst = append(dst, table)
	dst = append(dst, id...)
	return append(dst, 0)
}

func headKey(dst []byte, id store.ID) []byte {
	return append(entityKey(dst, tabEntity, id), rowHead)
}

// partKey is the row of a part, eager or lazy.
func partKey(dst []byte, id store.ID, key string) []byte {
	if isLazy(key) {
		return append(entityKey(dst, tabLazy, id), key...)
	}
	return append(append(entityKey(dst, tabEntity, id), rowPart), key...)
}

func isLazy(key string) bool { return len(key) > 0 && key[0] == '~' }

func timerKey(dst []byte, id store.ID, key string) []byte {
	return append(append(entityKey(dst, tabEntity, id), rowTimer), key...)
}

// dueKey orders timers by due time.
func dueKey(dst []byte, t store.Timer) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, tabDue), ordered(t.Due))
	dst = append(dst, t.ID...)
	return append(append(dst, 0), t.Key...)
}

func parseDue(key []byte) (t store.Timer, ok bool) {
	if len(key) < 9 {
		return t, false
	}
	t.Due = unordered(binary.BigEndian.Uint64(key[1:]))
	id, name, ok := bytes.Cut(key[9:], []byte{0})
	t.ID, t.Key = store.ID(id), string(name)
	return t, ok
}

// numberKey is the row of a history event or an inbox message.
func numberKey(dst []byte, table byte, id store.ID, n uint64) []byte {
	return binary.BigEndian.AppendUint64(entityKey(dst, table, id), n)
}

func effectKey(dst []byte, id store.ID, key string) []byte {
	return append(entityKey(dst, tabEffect, id), key...)
}

// splitEntity takes apart a key that entityKey began.
func splitEntity(key []byte) (id store.ID, rest []byte, ok bool) {
	a, rest, ok := bytes.Cut(key[1:], []byte{0})
	return store.ID(a), rest, ok && len(a) > 0
}

// listPrefix begins the rows of one list.
func listPrefix(dst []byte, list, kind byte, owner, status string) []byte {
	dst = append(dst, tabList, list, kind)
	if list == listOwner || list == listOwnerStatus {
		dst = append(append(dst, owner...), 0)
	}
	if list == listStatus || list == listOwnerStatus {
		dst = append(append(dst, status...), 0)
	}
	return dst
}

// listKey puts the newest first.
func listKey(dst []byte, list byte, h *store.Head) []byte {
	dst = listPrefix(dst, list, h.ID.Kind(), h.Owner, h.Status)
	return append(binary.BigEndian.AppendUint64(dst, ^ordered(h.Started)), h.ID...)
}

// listsOf names the lists that a head is in.
func listsOf(h *store.Head) []byte {
	if h.Owner == "" {
		return []byte{listAll, listStatus}
	}
	return []byte{listAll, listStatus, listOwner, listOwnerStatus}
}

func docKey(dst []byte, space, key string) []byte {
	dst = append(append(dst, tabDoc), space...)
	return append(append(dst, 0), key...)
}

// ordered maps signed numbers to unsigned ones in the same order.
func ordered(n int64) uint64   { return uint64(n) ^ 1<<63 }
func unordered(n uint64) int64 { return int64(n ^ 1<<63) }

// after is the first key behind all that begin with the prefix.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
