package items

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// Request is what an ItemReader says, evaluated.
type Request struct {
	Action    string // getObject, listObjectsV2
	Arguments []byte // JSON: Bucket, Key, Prefix, ...
	Config    []byte // JSON: the ReaderConfig
	MaxItems  int64  // 0: all
}

// Items are what a reader has read.
type Items struct {
	JSON   []byte // an array, or an object whose members are the items
	Source string // $$.Map.Item.Source
}

type arguments struct {
	Bucket, Key, Prefix, StartAfter string
}

type config struct {
	InputType, Transformation, ManifestType, CSVDelimiter, CSVHeaderLocation string
	CSVHeaders                                                               []string
	ItemsPointer                                                             string
}

// reader is one reading.
type reader struct {
	ctx     context.Context
	objects Objects
	region  string
	args    arguments
	cfg     config
	out     array
}

// Read reads the items of a Distributed Map.
func Read(ctx context.Context, o Objects, region string, q Request) (*Items, error) {
	r := &reader{ctx: ctx, objects: o, region: region, out: array{most: q.MaxItems}}
	if err := json.Unmarshal(q.Arguments, &r.args); err != nil {
		return nil, failed("The parameters of the ItemReader cannot be read: %s", err)
	}
	if err := json.Unmarshal(q.Config, &r.cfg); err != nil {
		return nil, failed("The ReaderConfig cannot be read: %s", err)
	}
	if r.args.Bucket == "" {
		return nil, failed("The ItemReader has no Bucket.")
	}
	source := "S3://" + r.args.Bucket
	var err error
	if q.Action == "listObjectsV2" {
		err = r.list()
	} else {
		source += "/" + r.args.Key
		var whole []byte
		if whole, err = r.object(); whole != nil && err == nil {
			return &Items{whole, source}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return &Items{r.out.bytes(), source}, nil
}

// object reads what getObject names. An object of JSON whose members are the items is returned whole.
func (r *reader) object() ([]byte, error) {
	if r.args.Key == "" {
		return nil, failed("The ItemReader has no Key.")
	}
	data, err := r.fetch(r.args.Bucket, r.args.Key)
	if err != nil {
		return nil, err
	}
	switch {
	case r.cfg.ManifestType == "ATHENA_DATA":
		return nil, r.athena(data)
	case r.cfg.ManifestType == "S3_INVENTORY", r.cfg.InputType == "MANIFEST":
		return nil, r.inventory(data)
	}
	return r.parse(data)
}

// parse reads one object's items by its InputType.
func (r *reader) parse(data []byte) ([]byte, error) {
	switch r.cfg.InputType {
	case "CSV":
		return nil, r.csv(data, r.cfg.CSVHeaders)
	case "JSONL":
		return nil, r.lines(data)
	case "JSON":
		return r.json(data)
	case "PARQUET":
		return nil, failed("Items in PARQUET are not supported here.")
	}
	return nil, failed("The InputType '%s' is not supported.", r.cfg.InputType)
}

func (r *reader) json(data []byte) ([]byte, error) {
	v, err := value.Decode(data, value.Limits{Bytes: maxBytes})
	if err != nil {
		return nil, failed("The item source is not valid JSON: %s", err)
	}
	if p := r.cfg.ItemsPointer; p != "" {
		if v, err = pointed(v, p); err != nil {
			return nil, err
		}
	}
	switch v.Kind() {
	case value.KindArray:
		for _, item := range v.Items() {
			if !r.out.add(item.JSON()) {
				break
			}
		}
		return nil, nil
	case value.KindObject:
		return limited(v, r.out.most).JSON(), nil
	}
	return nil, failed("Attempting to map over non-iterable node.")
}

func limited(v value.Value, most int64) value.Value {
	o := v.Object()
	if most <= 0 || int64(o.Len()) <= most {
		return v
	}
	out := value.NewObject(int(most))
	for i := range int(most) {
		out.Set(o.Key(i), o.At(i))
	}
	return value.FromObject(out)
}

// pointed follows a JSON Pointer (RFC 6901).
func pointed(v value.Value, pointer string) (value.Value, error) {
	if !strings.HasPrefix(pointer, "/") {
		return v, failed("The ItemsPointer '%s' is not a JSON Pointer.", pointer)
	}
	for word := range strings.SplitSeq(pointer[1:], "/") {
		word = strings.ReplaceAll(strings.ReplaceAll(word, "~1", "/"), "~0", "~")
		next := value.Value{}
		switch v.Kind() {
		case value.KindObject:
			next = v.Get(word)
		case value.KindArray:
			if n, err := strconv.Atoi(word); err == nil && n >= 0 && n < v.Len() {
				next = v.Index(n)
			}
		}
		if next.IsUndefined() {
			return v, failed("The ItemsPointer '%s' points to nothing in the item source.", pointer)
		}
		v = next
	}
	return v, nil
}

// lines reads one value a line; empty lines are no items.
func (r *reader) lines(data []byte) error {
	n := 0
	if r.out.b == nil {
		r.out.b = make([]byte, 0, len(data)+2)
	}
	for line := range bytes.SplitSeq(data, []byte{'\n'}) {
		n++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return failed("Line %d of the item source is not valid JSON.", n)
		}
		if !r.out.add(line) {
			return nil
		}
	}
	return nil
}

// array gathers items as JSON.
type array struct {
	b    []byte
	n    int64
	most int64 // 0: no limit
}

// add takes an item; false: enough.
func (a *array) add(item []byte) bool {
	if a.full() {
		return false
	}
	if a.n == 0 {
		a.b = append(a.b, '[')
	} else {
		a.b = append(a.b, ',')
	}
	a.b = append(a.b, item...)
	a.n++
	return !a.full()
}

func (a *array) full() bool { return a.most > 0 && a.n >= a.most }

func (a *array) bytes() []byte {
	if a.n == 0 {
		return []byte("[]")
	}
	return append(a.b, ']')
}
