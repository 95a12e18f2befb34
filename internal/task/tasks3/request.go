package tasks3

import (
	"encoding/xml"
	"net/http"
	"net/url"

	"github.com/perdure/perdure/asl/value"
	"github.com/perdure/perdure/internal/api"
)

// action is how the members of a request travel and how its answer is read.
type action struct {
	operation string
	method    string
	key       bool              // Key is required, beside Bucket
	noBucket  bool              // nothing is required
	query     map[string]string // by member, its name in the query
	headers   map[string]string // by member, its header
	metadata  bool              // Metadata becomes headers
	body      bool              // Body is sent
	objects   bool              // Delete is sent
	fixed     string            // query
	result    func(*api.Response) (*value.Object, error)
}

var (
	conditions = map[string]string{"IfMatch": "If-Match", "IfNoneMatch": "If-None-Match"}
	reading    = with(conditions, map[string]string{"Range": "Range"})
	content    = map[string]string{"ContentType": "Content-Type", "ContentEncoding": "Content-Encoding", "ContentDisposition": "Content-Disposition",
		"ContentLanguage": "Content-Language", "CacheControl": "Cache-Control"}
	page = map[string]string{"Prefix": "prefix", "Delimiter": "delimiter", "MaxKeys": "max-keys", "EncodingType": "encoding-type"}
)

// actions by the name that follows aws-sdk:s3.
var actions = map[string]action{
	"getObject":  {operation: "GetObject", method: "GET", key: true, headers: reading, result: object},
	"headObject": {operation: "HeadObject", method: "HEAD", key: true, headers: reading, result: head},
	"putObject":  {operation: "PutObject", method: "PUT", key: true, headers: with(conditions, content), metadata: true, body: true, result: stored},
	"copyObject": {operation: "PutObject", method: "PUT", key: true, metadata: true,
		headers: with(content, map[string]string{"CopySource": "X-Amz-Copy-Source", "MetadataDirective": "X-Amz-Metadata-Directive"}), result: copied},
	"deleteObject":  {operation: "DeleteObject", method: "DELETE", key: true, result: nothing},
	"deleteObjects": {operation: "DeleteObjects", method: "POST", objects: true, result: document},
	"listObjectsV2": {operation: "ListObjectsV2", method: "GET", fixed: "list-type=2", result: document,
		query: with(page, map[string]string{"StartAfter": "start-after", "ContinuationToken": "continuation-token"})},
	"listObjects":  {operation: "ListObjects", method: "GET", query: with(page, map[string]string{"Marker": "marker"}), result: firstVersion},
	"createBucket": {operation: "CreateBucket", method: "PUT", result: located},
	"deleteBucket": {operation: "DeleteBucket", method: "DELETE", result: nothing},
	"headBucket":   {operation: "HeadBucket", method: "HEAD", result: nothing},
	"listBuckets":  {operation: "ListBuckets", method: "GET", noBucket: true, result: buckets},
}

func with(a, b map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range []map[string]string{a, b} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// request makes the call; problem tells what is wrong with the parameters.
func (a *action) request(args *value.Object) (r *api.Request, problem string) {
	query, err := url.ParseQuery(a.fixed)
	if err != nil {
		return nil, err.Error()
	}
	r = &api.Request{Method: a.method, Path: map[string]string{}, Query: query, Header: http.Header{}}
	for i := range args.Len() {
		if problem := a.member(r, args.Key(i), args.At(i)); problem != "" {
			return nil, problem
		}
	}
	for name, needed := range map[string]bool{"Bucket": !a.noBucket, "Key": a.key} {
		if needed && r.Path[name] == "" {
			return nil, "The field '" + name + "' is required but was missing"
		}
	}
	if a.objects && r.Body == nil {
		return nil, "The field 'Delete' is required but was missing"
	}
	if a.operation == "PutObject" && !a.body && r.Header.Get("X-Amz-Copy-Source") == "" {
		return nil, "The field 'CopySource' is required but was missing"
	}
	return r, ""
}

func (a *action) member(r *api.Request, name string, v value.Value) (problem string) {
	switch {
	case name == "Body" && a.body:
		r.Body = v.JSON()
		return ""
	case name == "Metadata" && a.metadata:
		return metadata(r, v)
	case name == "Delete" && a.objects:
		return deletion(r, v)
	}
	text := v.Str()
	if k := v.Kind(); k == value.KindNumber || k == value.KindBool {
		text = v.Text()
	} else if k != value.KindString {
		return "The value for the field '" + name + "' has an invalid format"
	}
	switch {
	case name == "Bucket" && !a.noBucket, name == "Key" && a.key:
		r.Path[name] = text
	case a.query[name] != "":
		r.Query.Set(a.query[name], text)
	case a.headers[name] != "":
		r.Header.Set(a.headers[name], text)
	default:
		return "The field '" + name + "' is not supported here"
	}
	return ""
}

func metadata(r *api.Request, v value.Value) (problem string) {
	if v.Kind() != value.KindObject {
		return "The value for the field 'Metadata' has an invalid format"
	}
	for i := range v.Object().Len() {
		text := v.Object().At(i)
		if text.Kind() != value.KindString {
			return "The value for the field 'Metadata' has an invalid format"
		}
		r.Header.Set("X-Amz-Meta-"+v.Object().Key(i), text.Str())
	}
	return ""
}

// deletion writes the list of a DeleteObjects.
func deletion(r *api.Request, v value.Value) (problem string) {
	type key struct{ Key string }
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Object  []key
	}
	in.Quiet = v.Get("Quiet").Bool()
	for _, o := range v.Get("Objects").Items() {
		in.Object = append(in.Object, key{o.Get("Key").Str()})
	}
	body, err := xml.Marshal(&in)
	if err != nil || len(in.Object) == 0 {
		return "The value for the field 'Delete' has an invalid format"
	}
	r.Body = body
	return ""
}
