package pebble

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/perdure/perdure/internal/store"
)

// format is the version that every record begins with. A later version that changes a record raises it for that record
// and goes on reading the older ones.
const format = 1

var errRecord = errors.New("the record is damaged")

// body checks and removes the version.
func body(v []byte) ([]byte, error) {
	if len(v) == 0 {
		return nil, errRecord
	}
	if v[0] != format {
		return nil, fmt.Errorf("the record has format %d, this program knows up to %d", v[0], format)
	}
	return v[1:], nil
}

// encodeHead writes a head without its id: numbers as varints, then strings with their lengths, then Data to the end.
func encodeHead(dst []byte, h *store.Head) []byte {
	dst = append(dst, format)
	dst = binary.AppendUvarint(dst, h.Version)
	dst = binary.AppendUvarint(dst, h.Events)
	dst = binary.AppendVarint(dst, h.Started)
	dst = binary.AppendVarint(dst, h.Ended)
	dst = appendString(dst, h.Owner)
	dst = appendString(dst, h.Name)
	dst = appendString(dst, h.Status)
	return append(dst, h.Data...)
}

// decodeHead reads the body of a head; Data is a copy.
func decodeHead(id store.ID, v []byte) (store.Head, error) {
	d := decoder{rest: v}
	h := store.Head{ID: id, Version: d.uint(), Events: d.uint(), Started: d.int(), Ended: d.int()}
	h.Owner, h.Name, h.Status = d.string(), d.string(), d.string()
	if len(d.rest) > 0 {
		h.Data = append([]byte{}, d.rest...)
	}
	return h, d.err
}

// decodeWas reads the body of the head that a turn replaces, without Data. Strings that have not changed are those of the
// new head, so that the usual turn allocates none.
func decodeWas(h *store.Head, v []byte) (store.Head, error) {
	d := decoder{rest: v}
	was := store.Head{ID: h.ID, Version: d.uint(), Events: d.uint(), Started: d.int(), Ended: d.int()}
	was.Owner, was.Name, was.Status = d.like(h.Owner), d.like(h.Name), d.like(h.Status)
	return was, d.err
}

func encodeEffect(dst []byte, f *store.Effect) []byte {
	return append(appendString(append(dst, format), f.Kind), f.Data...)
}

func decodeEffect(id store.ID, key string, v []byte) (store.Effect, error) {
	d := decoder{rest: v}
	f := store.Effect{ID: id, Key: key, Kind: d.string()}
	f.Data = append([]byte{}, d.rest...)
	return f, d.err
}

func encodeMessage(dst []byte, m *store.Message) []byte {
	return append(appendString(appendString(append(dst, format), m.Type), m.Key), m.Body...)
}

func decodeMessage(target store.ID, seq uint64, v []byte) (store.Message, error) {
	d := decoder{rest: v}
	m := store.Message{Target: target, Seq: seq, Type: d.string(), Key: d.string()}
	if len(d.rest) > 0 {
		m.Body = append([]byte{}, d.rest...)
	}
	return m, d.err
}

func encodeDoc(dst []byte, version uint64, value []byte) []byte {
	return append(binary.AppendUvarint(append(dst, format), version), value...)
}

func decodeDoc(space, key string, v []byte) (store.Doc, error) {
	d := decoder{rest: v}
	doc := store.Doc{Space: space, Key: key, Version: d.uint()}
	doc.Value = append([]byte{}, d.rest...)
	return doc, d.err
}

func encodeTime(dst []byte, ms int64) []byte { return binary.AppendVarint(append(dst, format), ms) }

func decodeTime(v []byte) (int64, error) {
	d := decoder{rest: v}
	ms := d.int()
	if len(d.rest) > 0 {
		d.err = errRecord
	}
	return ms, d.err
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// decoder reads a record; after an error it reads zeros.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) skip(n int) {
	if n <= 0 || n > len(d.rest) {
		d.rest, d.err = nil, errRecord
		return
	}
	d.rest = d.rest[n:]
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if d.skip(n); d.err != nil {
		return 0
	}
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.rest)
	if d.skip(n); d.err != nil {
		return 0
	}
	return v
}

func (d *decoder) string() string { return string(d.chunk()) }

// like reads a string; if it is s, it is s.
func (d *decoder) like(s string) string {
	b := d.chunk()
	if string(b) == s {
		return s
	}
	return string(b)
}

// chunk reads a length and as many bytes, valid as long as the record is.
func (d *decoder) chunk() []byte {
	n := d.uint()
	if n == 0 || d.err != nil {
		return nil
	}
	if n > uint64(len(d.rest)) {
		d.rest, d.err = nil, errRecord
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}
