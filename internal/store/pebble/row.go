package pebble

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/perdure/perdure/internal/store"
)

// errKey: the key of a row is none that this program writes.
var errKey = errors.New("the key is damaged")

// anyRow is a row of any table, taken apart. What is set depends on the table.
type anyRow struct {
	table byte
	id    store.ID // whose it is; empty for documents and meta

	head   *store.Head
	part   *store.Part
	timer  *store.Timer // of tabEntity; of tabDue, where the value says nothing
	event  []byte
	number uint64 // of the event
	effect *store.Effect
	msg    *store.Message
	list   byte
	kind   byte   // of the list
	name   string // in the list
	doc    *store.Doc
	meta   string
	value  uint64 // of meta
}

// parseRow takes a row apart and copies it. With an error it tells as much as can be known.
func parseRow(key, value []byte) (r anyRow, err error) {
	if len(key) == 0 {
		return r, errKey
	}
	r.table = key[0]
	v, err := body(value)
	switch key[0] {
	case tabEntity, tabLazy, tabHistory, tabEffect, tabInbox:
		id, rest, ok := splitEntity(key)
		if !ok || len(id) > store.MaxID {
			return r, errKey
		}
		if r.id = id; err != nil {
			r.byKey(rest)
			return r, err
		}
		return r, r.ofEntity(rest, v)
	case tabDue:
		t, ok := parseDue(key)
		if !ok || len(t.ID) == 0 {
			return r, errKey
		}
		r.id, r.timer = t.ID, &t
		if err == nil && len(v) > 0 {
			err = errRecord
		}
	case tabList:
		return r, errors.Join(r.ofList(key, v), err)
	case tabDoc:
		space, name, ok := bytes.Cut(key[1:], []byte{0})
		if !ok {
			return r, errKey
		}
		doc := store.Doc{Space: string(space), Key: string(name)}
		if err == nil {
			doc, err = decodeDoc(doc.Space, doc.Key, v)
		}
		if r.doc = &doc; err == nil && doc.Version == 0 {
			err = errors.New("the document has version 0")
		}
	case tabMeta:
		r.meta = string(key[1:])
		if err == nil && len(v) != 8 {
			err = errRecord
		}
		if err == nil {
			r.value = binary.BigEndian.Uint64(v)
		}
	default:
		return r, fmt.Errorf("there is no table %q", key[0])
	}
	return r, err
}

// byKey tells what the key alone says of a row whose value cannot be read.
func (r *anyRow) byKey(rest []byte) {
	switch {
	case r.table == tabHistory && len(rest) == 8:
		r.number = binary.BigEndian.Uint64(rest)
	case r.table == tabEntity && len(rest) == 1 && rest[0] == rowHead:
		r.head = &store.Head{ID: r.id}
	}
}

// ofEntity takes apart what follows the id.
func (r *anyRow) ofEntity(rest, v []byte) (err error) {
	switch r.table {
	case tabLazy:
		if !isLazy(string(rest)) {
			return errKey
		}
		r.part = &store.Part{Key: string(rest), Value: copied(v)}
	case tabHistory, tabInbox:
		if len(rest) != 8 {
			return errKey
		}
		r.number = binary.BigEndian.Uint64(rest)
		if r.table == tabHistory {
			r.event = copied(v)
			return nil
		}
		m, err := decodeMessage(r.id, r.number, v)
		r.msg = &m
		return err
	case tabEffect:
		f, err := decodeEffect(r.id, string(rest), v)
		r.effect = &f
		if err == nil && f.Kind == "" {
			err = errors.New("the effect has no kind")
		}
		return err
	default:
		return r.ofEntityRow(rest, v)
	}
	return nil
}

func (r *anyRow) ofEntityRow(rest, v []byte) (err error) {
	switch {
	case len(rest) == 1 && rest[0] == rowHead:
		h, err := decodeHead(r.id, v)
		r.head = &h
		if err == nil && h.Version == 0 {
			err = errors.New("the head has version 0")
		}
		return err
	case len(rest) > 0 && rest[0] == rowPart:
		r.part = &store.Part{Key: string(rest[1:]), Value: copied(v)}
	case len(rest) > 0 && rest[0] == rowTimer:
		r.timer = &store.Timer{ID: r.id, Key: string(rest[1:])}
		r.timer.Due, err = decodeTime(v)
	default:
		err = errKey
	}
	return err
}

// ofList takes apart where a head stands: list, kind, owner and status as the list has them, start, id.
func (r *anyRow) ofList(key, v []byte) error {
	if len(key) < 3 {
		return errKey
	}
	r.list, r.kind, r.name = key[1], key[2], string(v)
	fields, known := map[byte]int{listAll: 0, listOwner: 1, listStatus: 1, listOwnerStatus: 2}[r.list]
	rest, ok := key[3:], known
	for range fields {
		if ok {
			_, rest, ok = bytes.Cut(rest, []byte{0})
		}
	}
	if !ok || len(rest) <= 8 {
		return errKey
	}
	r.id = store.ID(rest[8:])
	return nil
}
