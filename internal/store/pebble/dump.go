package pebble

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	lsm "github.com/cockroachdb/pebble/v2"

	"github.com/perdure/perdure/internal/store"
)

// line is a row as Dump writes it. Table tells which of the members there are.
type line struct {
	Table   string    `json:"table"`
	Entity  store.ID  `json:"entity,omitempty"`
	Head    *headLine `json:"head,omitempty"`
	Part    *string   `json:"part,omitempty"`
	Timer   *string   `json:"timer,omitempty"`
	Due     int64     `json:"due,omitempty"` // Unix milliseconds
	Event   uint64    `json:"event,omitempty"`
	Effect  *string   `json:"effect,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	Message uint64    `json:"message,omitempty"`
	Type    string    `json:"type,omitempty"`
	List    string    `json:"list,omitempty"`
	Name    string    `json:"name,omitempty"`
	Space   string    `json:"space,omitempty"`
	Key     string    `json:"key,omitempty"`
	Version uint64    `json:"version,omitempty"`
	Meta    string    `json:"meta,omitempty"`
	Number  uint64    `json:"number,omitempty"`
	Blob    *string   `json:"blob,omitempty"`
	Size    int       `json:"size,omitempty"`
	content
	Damage string `json:"damage,omitempty"` // then Key and the content are as they lie in the store
}

type headLine struct {
	Owner   string `json:"owner,omitempty"`
	Name    string `json:"name,omitempty"`
	Status  string `json:"status"`
	Started int64  `json:"started"` // Unix milliseconds
	Ended   int64  `json:"ended,omitempty"`
	Version uint64 `json:"version"`
	Events  uint64 `json:"events"`
}

// content is a row's bytes in the most readable of three forms.
type content struct {
	JSON   json.RawMessage `json:"json,omitempty"`
	Text   string          `json:"text,omitempty"`
	Base64 []byte          `json:"base64,omitempty"`
}

func readable(b []byte) content {
	switch {
	case json.Valid(b):
		return content{JSON: b}
	case utf8.Valid(b):
		return content{Text: string(b)}
	}
	return content{Base64: b}
}

// Dump writes every row as of one moment as a line of JSON, in the order of keys, then a line for every blob without its
// bytes. Rows that cannot be read are written as they lie, with what is wrong.
func (s *Store) Dump(ctx context.Context, w io.Writer) (err error) {
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	it, err := s.db.NewIter(&lsm.IterOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("row %q: %w", it.Key(), err)
		}
		if err := errors.Join(ctx.Err(), enc.Encode(lineOf(it.Key(), value))); err != nil {
			return err
		}
	}
	if err := errors.Join(it.Error(), s.dumpBlobs(enc)); err != nil {
		return err
	}
	return out.Flush()
}

// lineOf is the line of a row.
func lineOf(key, value []byte) line {
	r, err := parseRow(key, value)
	l := line{Table: string(rune(r.table)), Entity: r.id}
	if err != nil {
		l.Key, l.Damage = fmt.Sprintf("%q", key), err.Error()
		l.content = content{Base64: value}
		return l
	}
	switch {
	case r.head != nil:
		h := r.head
		l.Head = &headLine{h.Owner, h.Name, h.Status, h.Started, h.Ended, h.Version, h.Events}
		if h.Data != nil {
			l.content = readable(h.Data)
		}
	case r.part != nil:
		l.Part, l.content = &r.part.Key, readable(r.part.Value)
	case r.timer != nil:
		l.Timer, l.Due = &r.timer.Key, r.timer.Due
	case r.table == tabHistory:
		l.Event, l.content = r.number, readable(r.event)
	case r.effect != nil:
		l.Effect, l.Kind, l.content = &r.effect.Key, r.effect.Kind, readable(r.effect.Data)
	case r.msg != nil:
		l.Message, l.Type, l.Key, l.content = r.msg.Seq, r.msg.Type, r.msg.Key, readable(r.msg.Body)
	case r.table == tabList:
		l.List, l.Kind, l.Name = string(rune(r.list)), string(rune(r.kind)), r.name
	case r.doc != nil:
		l.Space, l.Key, l.Version, l.content = r.doc.Space, r.doc.Key, r.doc.Version, readable(r.doc.Value)
	default:
		l.Meta, l.Number = r.meta, r.value
	}
	return l
}

func (s *Store) dumpBlobs(enc *json.Encoder) error {
	folder := s.fs.PathJoin(s.dir, blobFolder)
	files, err := s.fs.List(folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasSuffix(f, blobTemp) {
			continue
		}
		name, data, err := s.readBlob(s.fs.PathJoin(folder, f))
		l := line{Table: "blob", Blob: &name, Size: len(data)}
		if err != nil {
			l.Key, l.Damage = f, err.Error()
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}
