package tasks3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
)

// described are the members of an object that come as headers, in the order of a result.
var described = []struct {
	member, header string
	number         bool
}{
	{"AcceptRanges", "Accept-Ranges", false}, {"CacheControl", "Cache-Control", false}, {"ContentDisposition", "Content-Disposition", false},
	{"ContentEncoding", "Content-Encoding", false}, {"ContentLanguage", "Content-Language", false}, {"ContentLength", "Content-Length", true},
	{"ContentRange", "Content-Range", false}, {"ContentType", "Content-Type", false}, {"ETag", "Etag", false},
}

// head describes an object.
func head(resp *api.Response) (*value.Object, error) {
	o := value.NewObject(12)
	for _, d := range described {
		text := resp.Header.Get(d.header)
		switch {
		case text == "":
		case d.number:
			n, err := value.NumberText(text)
			if err != nil {
				return nil, err
			}
			o.Set(d.member, n)
		default:
			o.Set(d.member, value.String(text))
		}
	}
	modified, err := time.Parse(http.TimeFormat, resp.Header.Get("Last-Modified"))
	if err != nil {
		return nil, err
	}
	o.Set("LastModified", value.String(modified.Format(time.RFC3339)))
	meta := value.NewObject(0)
	for _, name := range sorted(resp.Header) {
		if key, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			meta.Set(strings.ToLower(key), value.String(resp.Header.Get(name)))
		}
	}
	o.Set("Metadata", value.FromObject(meta))
	o.Set("ServerSideEncryption", value.String("AES256"))
	return o, nil
}

func sorted(h http.Header) []string {
	var names []string
	for n := range h {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// object is head with the bytes as text.
func object(resp *api.Response) (*value.Object, error) {
	o, err := head(resp)
	if err == nil {
		o.Set("Body", value.String(strings.ToValidUTF8(string(resp.Body), "\ufffd")))
	}
	return o, err
}

func stored(resp *api.Response) (*value.Object, error) {
	o := value.NewObject(2)
	o.Set("ETag", value.String(resp.Header.Get("Etag")))
	o.Set("ServerSideEncryption", value.String("AES256"))
	return o, nil
}

func nothing(*api.Response) (*value.Object, error) { return value.NewObject(0), nil }

func located(resp *api.Response) (*value.Object, error) {
	o := value.NewObject(1)
	o.Set("Location", value.String(resp.Header.Get("Location")))
	return o, nil
}

// The elements of answers that are not texts.
var (
	lists   = []string{"Contents", "CommonPrefixes", "Deleted", "Bucket"}
	numbers = []string{"Size", "KeyCount", "MaxKeys"}
)

// document turns an answer in XML into an object, members in their order.
func document(resp *api.Response) (*value.Object, error) {
	d := xml.NewDecoder(bytes.NewReader(resp.Body))
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		if _, ok := t.(xml.StartElement); ok {
			v, err := element(d, "", 0)
			if v.Kind() != value.KindObject {
				return value.NewObject(0), err
			}
			return v.Object(), err
		}
	}
}

// maxNesting of an answer's elements.
const maxNesting = 10

// element reads up to the end of one that has been begun.
func element(d *xml.Decoder, name string, depth int) (value.Value, error) {
	if depth > maxNesting {
		return value.Value{}, errors.New("an answer of S3 is nested too deeply")
	}
	var text strings.Builder
	var o *value.Object
	many := map[string][]value.Value{}
	for {
		t, err := d.Token()
		if err != nil {
			return value.Value{}, errors.Join(err, io.ErrUnexpectedEOF)
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			v, err := element(d, t.Name.Local, depth+1)
			if err != nil {
				return value.Value{}, err
			}
			if o == nil {
				o = value.NewObject(8)
			}
			if slices.Contains(lists, t.Name.Local) {
				many[t.Name.Local] = append(many[t.Name.Local], v)
				v = value.Array(many[t.Name.Local]...)
			}
			o.Set(t.Name.Local, v)
		case xml.EndElement:
			if o != nil {
				return value.FromObject(o), nil
			}
			return leaf(name, text.String())
		}
	}
}

func leaf(name, text string) (value.Value, error) {
	switch {
	case slices.Contains(numbers, name):
		return value.NumberText(text)
	case name == "IsTruncated":
		return value.Bool(text == "true"), nil
	}
	return value.String(text), nil
}

// firstVersion is a listing of the first version, which has no KeyCount.
func firstVersion(resp *api.Response) (*value.Object, error) {
	o, err := document(resp)
	if err == nil {
		o.Delete("KeyCount")
	}
	return o, err
}

func copied(resp *api.Response) (*value.Object, error) {
	in, err := document(resp)
	if err != nil {
		return nil, err
	}
	o := value.NewObject(2)
	o.Set("CopyObjectResult", value.FromObject(in))
	o.Set("ServerSideEncryption", value.String("AES256"))
	return o, nil
}

// buckets takes the list out of the element that the model does not have.
func buckets(resp *api.Response) (*value.Object, error) {
	in, err := document(resp)
	if err != nil {
		return nil, err
	}
	all, _ := in.Get("Buckets")
	list := all.Get("Bucket")
	if list.Kind() != value.KindArray {
		list = value.Array()
	}
	in.Set("Buckets", list)
	return in, nil
}
