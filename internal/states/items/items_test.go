package items

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"sort"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/api"
)

// bucket is a bucket named "b".
type bucket map[string]string

func (b bucket) Get(_ context.Context, _, name, key string) ([]byte, error) {
	data, ok := b[key]
	if name != "b" || !ok {
		return nil, &api.Error{Code: "NoSuchKey", Message: "The specified key does not exist.", Status: 404}
	}
	return []byte(data), nil
}

func (b bucket) Put(context.Context, string, string, string, []byte) error {
	return errors.ErrUnsupported
}

func (b bucket) List(_ context.Context, _, _, prefix, _ string, each func(Object) bool) error {
	var keys []string
	for k := range b {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	for _, k := range keys {
		if !each(Object{k, "tag", int64(len(b[k])), 1700000000}) {
			break
		}
	}
	return nil
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s)) // to memory
	_ = z.Close()
	return b.String()
}

// The rules are those of the specification, section 3.4; those of CSV marked "recorded" are what AWS made of such a file.
func TestItemsAreRead(t *testing.T) {
	for _, c := range []struct {
		name, object, config string
		most                 int64
		want                 string
	}{
		{"JSON array", `[1,{"a":2}]`, `{"InputType":"JSON"}`, 0, `[1,{"a":2}]`},
		{"JSON array, limited", `[1,2,3]`, `{"InputType":"JSON"}`, 2, `[1,2]`},
		{"JSON object", `{"a":1,"b":2}`, `{"InputType":"JSON"}`, 0, `{"a":1,"b":2}`},
		{"JSON object, limited", `{"a":1,"b":2}`, `{"InputType":"JSON"}`, 1, `{"a":1}`},
		{"JSON under a pointer", `{"x":{"~/":[7,8]}}`, `{"InputType":"JSON","ItemsPointer":"/x/~0~1"}`, 0, `[7,8]`},
		{"JSON, packed", zipped(`[1]`), `{"InputType":"JSON"}`, 0, `[1]`},
		{"JSON scalar", `1`, `{"InputType":"JSON"}`, 0, "! Attempting to map over non-iterable node."},
		{"JSONL", "{\"a\": 1}\r\n\n2\n", `{"InputType":"JSONL"}`, 0, `[{"a": 1},2]`},
		{"JSONL, limited", "1\n2\n3", `{"InputType":"JSONL"}`, 1, `[1]`},
		{"JSONL, broken", "1\n{", `{"InputType":"JSONL"}`, 0, "! Line 2 of the item source is not valid JSON."},
		{"CSV", "H1,H2\na,b\nc,d\n", `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, 0, `[{"H1":"a","H2":"b"},{"H1":"c","H2":"d"}]`},
		{"CSV, recorded: cells missing and too many, an empty header", "H1,\nV4,V5,V6\n,,,\nNull,None,\n   \n",
			`{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, 0, `[{"H1":"V4","":"V5"},{"H1":"","":""},{"H1":"Null","":"None"},{"H1":"   ","":""}]`},
		{"CSV, headers given", "a|b\r\nc|d", `{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["x","y"],"CSVDelimiter":"PIPE"}`, 0,
			`[{"x":"a","y":"b"},{"x":"c","y":"d"}]`},
		{"CSV, quoted", "h,i\n\"a,\n\"\"b\",\"\"\n", `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, 0, `[{"h":"a,\n\"b","i":""}]`},
		{"CSV, escaped", `h,i` + "\n" + `a\,b,c\"\\\d`, `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, 0, `[{"h":"a,b","i":"c\"\\d"}]`},
		{"CSV, byte order mark", "\xef\xbb\xbfh\na", `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, 0, `[{"h":"a"}]`},
		{"CSV, recorded: duplicate headers", "h,h\na,b", `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, 0, "! CSV headers cannot contain duplicates."},
		{"PARQUET", "PAR1", `{"InputType":"PARQUET"}`, 0, "! Items in PARQUET are not supported here."},
		{"zstd", "\x28\xb5\x2f\xfd", `{"InputType":"JSON"}`, 0, "! The object s3://b/k is packed with zstd, which is not supported here; pack it with gzip."},
		{"inventory", `{"destinationBucket":"arn:aws:s3:::b","fileFormat":"CSV","fileSchema":"Bucket, Key","files":[{"key":"rows"}]}`,
			`{"InputType":"MANIFEST"}`, 0, `[{"Bucket":"x","Key":"y"}]`},
		{"Athena", "\"s3://b/lines\"\ns3://b/lines\n", `{"ManifestType":"ATHENA_DATA","InputType":"JSONL"}`, 3, `[1,2,1]`},
	} {
		b := bucket{"k": c.object, "rows": zipped("\"x\",\"y\"\n"), "lines": "1\n2\n"}
		got, err := Read(t.Context(), b, "r", Request{"getObject", []byte(`{"Bucket":"b","Key":"k"}`), []byte(c.config), c.most})
		text := ""
		if err != nil {
			text = "! " + err.Error()
		} else {
			text = string(got.JSON)
			if got.Source != "S3://b/k" {
				t.Errorf("%s: source %s", c.name, got.Source)
			}
		}
		if text != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, text, c.want)
		}
	}
}

func TestAListingIsItemsOrTheirContents(t *testing.T) {
	b := bucket{"in/1": "1\n2", "in/2": "3", "other": "x"}
	for config, want := range map[string]string{
		`{}`: `[{"Etag":"\"tag\"","Key":"in/1","LastModified":1700000000,"Size":3,"StorageClass":"STANDARD"},` +
			`{"Etag":"\"tag\"","Key":"in/2","LastModified":1700000000,"Size":1,"StorageClass":"STANDARD"}]`,
		`{"Transformation":"LOAD_AND_FLATTEN","InputType":"JSONL"}`: `[1,2,3]`,
	} {
		got, err := Read(t.Context(), b, "r", Request{"listObjectsV2", []byte(`{"Bucket":"b","Prefix":"in/"}`), []byte(config), 0})
		if err != nil || string(got.JSON) != want || got.Source != "S3://b" {
			t.Errorf("%s: %+v, %v", config, got, err)
		}
	}
}

func TestAMissingObjectFailsTheReader(t *testing.T) {
	_, err := Read(t.Context(), bucket{}, "r", Request{"getObject", []byte(`{"Bucket":"b","Key":"k"}`), []byte(`{"InputType":"JSON"}`), 0})
	var f *Failure
	if !errors.As(err, &f) || !strings.Contains(f.Cause, "Status Code: 404; Error Code: NoSuchKey") {
		t.Errorf("%v", err)
	}
}

// FuzzRead: whatever is in an object, the items are a JSON array or object, or the reader fails in words.
func FuzzRead(f *testing.F) {
	for _, config := range []string{`{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, `{"InputType":"JSONL"}`, `{"InputType":"JSON","ItemsPointer":"/a"}`,
		`{"InputType":"MANIFEST"}`, `{"ManifestType":"ATHENA_DATA","InputType":"CSV"}`} {
		f.Add(config, []byte("a,\"b\"\n\\,1"))
		f.Add(config, []byte(`{"a":[1]}`))
	}
	f.Fuzz(func(t *testing.T, config string, data []byte) {
		got, err := Read(context.Background(), bucket{"k": string(data)}, "r", Request{"getObject", []byte(`{"Bucket":"b","Key":"k"}`), []byte(config), 5})
		var failure *Failure
		switch {
		case err == nil && !json.Valid(got.JSON):
			t.Errorf("%q is not JSON", got.JSON)
		case err != nil && !errors.As(err, &failure):
			t.Errorf("%v", err)
		}
	})
}
