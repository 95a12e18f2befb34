package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// objectDoc describes an object.
type objectDoc struct {
	Blob     string
	Size     int64
	ETag     string            // hex, without quotes
	Modified int64             // Unix milliseconds
	Head     map[string]string `json:",omitempty"` // Content-Type and the like, x-amz-meta-*
	Sums     map[string]string `json:",omitempty"` // checksum headers as the uploader gave them
}

func decode(b []byte, v any) error { return json.Unmarshal(b, v) }

// maxKey bounds a key, bytes.
const maxKey = 1024

func (s *Service) object(ctx context.Context, region, bucket, key string) (*objectDoc, error) {
	if _, err := s.bucket(ctx, region, bucket); err != nil {
		return nil, err
	}
	o := &objectDoc{}
	_, err := s.doc(ctx, spaceObject, bucket+"/"+key, o)
	if errors.Is(err, store.ErrNotFound) {
		return nil, noSuchKey(key)
	}
	return o, err
}

func (s *Service) putObject(ctx context.Context, r *api.Request) (*api.Response, error) {
	if r.Header.Get("X-Amz-Copy-Source") != "" {
		return s.copyObject(ctx, r)
	}
	sums, err := checksums(r.Header, r.Body)
	if err != nil {
		return nil, err
	}
	sum := md5.Sum(r.Body)
	o := &objectDoc{ETag: hex.EncodeToString(sum[:]), Head: kept(r.Header), Sums: sums}
	if err := s.write(ctx, r, o, r.Body); err != nil {
		return nil, err
	}
	head := http.Header{"Etag": {`"` + o.ETag + `"`}}
	for k, v := range sums {
		head.Set(k, v)
	}
	return &api.Response{Header: head}, nil
}

// write stores the bytes, then the document, then forgets the bytes it replaced.
func (s *Service) write(ctx context.Context, r *api.Request, o *objectDoc, data []byte) error {
	bucket, key := r.Path["Bucket"], r.Path["Key"]
	if len(key) > maxKey {
		return fail(400, "KeyTooLongError", "Your key is too long")
	}
	if _, err := s.bucket(ctx, r.Region, bucket); err != nil {
		return err
	}
	o.Blob, o.Size, o.Modified = "s3/"+s.cfg.NewID(), int64(len(data)), s.cfg.Now().UnixMilli()
	if err := s.cfg.Store.PutBlob(ctx, o.Blob, data); err != nil {
		return err
	}
	for range 100 { // writers of one key at the same time: the last one wins
		var old objectDoc
		version, err := s.doc(ctx, spaceObject, bucket+"/"+key, &old)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if refusal := precondition(r.Header, version > 0, old.ETag); refusal != nil {
			return errors.Join(refusal, s.cfg.Store.DeleteBlob(ctx, o.Blob))
		}
		if err = s.put(ctx, spaceObject, bucket+"/"+key, version, o); err == nil {
			if version > 0 {
				return s.cfg.Store.DeleteBlob(ctx, old.Blob)
			}
			return nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fail(409, "OperationAborted", "A conflicting conditional operation is currently in progress against this resource. Try again.")
}

func precondition(head http.Header, exists bool, etag string) error {
	if head.Get("If-None-Match") == "*" && exists {
		return fail(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	if m := head.Get("If-Match"); m != "" && (!exists || strings.Trim(m, `"`) != etag) {
		return fail(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	}
	return nil
}

// kept are the request headers that come back with the object.
func kept(head http.Header) map[string]string {
	m := map[string]string{}
	for _, k := range []string{"Content-Type", "Content-Encoding", "Content-Disposition", "Content-Language", "Cache-Control", "Expires"} {
		if v := head.Get(k); v != "" {
			m[k] = v
		}
	}
	for k := range head {
		if strings.HasPrefix(k, "X-Amz-Meta-") {
			m[k] = head.Get(k)
		}
	}
	return m
}

func (s *Service) getObject(ctx context.Context, r *api.Request) (*api.Response, error) {
	o, err := s.object(ctx, r.Region, r.Path["Bucket"], r.Path["Key"])
	if err != nil {
		return nil, err
	}
	if err := precondition(http.Header{"If-Match": r.Header["If-Match"]}, true, o.ETag); err != nil {
		return nil, err
	}
	head := http.Header{
		"Etag": {`"` + o.ETag + `"`}, "Accept-Ranges": {"bytes"},
		"Last-Modified": {time.UnixMilli(o.Modified).UTC().Format(http.TimeFormat)},
		"Content-Type":  {"binary/octet-stream"},
	}
	for k, v := range o.Head {
		head.Set(k, v)
	}
	if none := r.Header.Get("If-None-Match"); none != "" && strings.Trim(none, `"`) == o.ETag {
		return &api.Response{Status: http.StatusNotModified, Header: head}, nil
	}
	from, to, partial, err := byteRange(r.Header.Get("Range"), o.Size)
	if err != nil {
		return nil, err
	}
	resp := &api.Response{Header: head}
	if partial {
		resp.Status = http.StatusPartialContent
		head.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, o.Size))
	} else if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		for k, v := range o.Sums {
			head.Set(k, v)
		}
	}
	head.Set("Content-Length", strconv.FormatInt(to-from, 10))
	if r.Method == http.MethodHead {
		return resp, nil
	}
	data, err := s.cfg.Store.Blob(ctx, o.Blob)
	if errors.Is(err, store.ErrNotFound) { // it may have been replaced between the two reads
		if now, gone := s.object(ctx, r.Region, r.Path["Bucket"], r.Path["Key"]); gone == nil && now.Blob != o.Blob {
			return s.getObject(ctx, r)
		}
	}
	if err != nil {
		return nil, err
	}
	resp.Body = data[from:to]
	return resp, nil
}

// byteRange reads "bytes=a-b", "bytes=a-" or "bytes=-n". Anything else means the whole object, as HTTP says.
func byteRange(spec string, size int64) (from, to int64, partial bool, _ error) {
	text, ok := strings.CutPrefix(spec, "bytes=")
	first, last, dash := strings.Cut(text, "-")
	if !ok || !dash || strings.Contains(text, ",") {
		return 0, size, false, nil
	}
	a, errA := strconv.ParseInt(first, 10, 64)
	b, errB := strconv.ParseInt(last, 10, 64)
	switch {
	case first == "" && errB == nil && b > 0 && size > 0:
		return max(size-b, 0), size, true, nil
	case first != "" && errA == nil && last == "" && a < size:
		return a, size, true, nil
	case first != "" && errA == nil && errB == nil && a <= b && a < size:
		return a, min(b+1, size), true, nil
	case first != "" && errA == nil && (last == "" || errB == nil && a <= b) || first == "" && errB == nil:
		return 0, 0, false, fail(416, "InvalidRange", "The requested range is not satisfiable")
	}
	return 0, size, false, nil
}

func (s *Service) copyObject(ctx context.Context, r *api.Request) (*api.Response, error) {
	source, err := url.PathUnescape(strings.TrimPrefix(r.Header.Get("X-Amz-Copy-Source"), "/"))
	bucket, key, ok := strings.Cut(source, "/")
	if err != nil || !ok {
		return nil, fail(400, "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	from, err := s.object(ctx, r.Region, bucket, key)
	if err != nil {
		return nil, err
	}
	data, err := s.cfg.Store.Blob(ctx, from.Blob)
	if err != nil {
		return nil, err
	}
	o := &objectDoc{ETag: from.ETag, Head: from.Head, Sums: from.Sums}
	if r.Header.Get("X-Amz-Metadata-Directive") == "REPLACE" {
		o.Head = kept(r.Header)
	}
	if err := s.write(ctx, r, o, data); err != nil {
		return nil, err
	}
	return answer(struct {
		XMLName      xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CopyObjectResult"`
		ETag         string
		LastModified string
	}{ETag: `"` + o.ETag + `"`, LastModified: isoTime(o.Modified)})
}

func (s *Service) deleteObject(ctx context.Context, r *api.Request) (*api.Response, error) {
	if _, err := s.bucket(ctx, r.Region, r.Path["Bucket"]); err != nil {
		return nil, err
	}
	return &api.Response{}, s.remove(ctx, r.Path["Bucket"], r.Path["Key"])
}

// remove deletes an object; that there is none is fine.
func (s *Service) remove(ctx context.Context, bucket, key string) error {
	var o objectDoc
	version, err := s.doc(ctx, spaceObject, bucket+"/"+key, &o)
	if err == nil {
		err = s.cfg.Store.CommitDocs(ctx, store.Doc{Space: spaceObject, Key: bucket + "/" + key, Version: version})
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.cfg.Store.DeleteBlob(ctx, o.Blob)
}

type xmlKey struct {
	Key string
}

func (s *Service) deleteObjects(ctx context.Context, r *api.Request) (*api.Response, error) {
	var in struct {
		Quiet  bool
		Object []xmlKey
	}
	if err := xml.Unmarshal(r.Body, &in); err != nil || len(in.Object) == 0 || len(in.Object) > 1000 {
		return nil, fail(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	if _, err := s.bucket(ctx, r.Region, r.Path["Bucket"]); err != nil {
		return nil, err
	}
	var out struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
		Deleted []xmlKey
	}
	for _, o := range in.Object {
		if err := s.remove(ctx, r.Path["Bucket"], o.Key); err != nil {
			return nil, err
		}
		if !in.Quiet {
			out.Deleted = append(out.Deleted, o)
		}
	}
	return answer(out)
}
