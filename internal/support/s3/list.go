package s3

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

type xmlObject struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type xmlPrefix struct{ Prefix string }

// listing is both ListObjects and ListObjectsV2; members of the other version stay empty.
type listing struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	Marker                string `xml:",omitempty"`
	NextMarker            string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	IsTruncated           bool
	Contents              []xmlObject
	CommonPrefixes        []xmlPrefix

	last string // key or common prefix that the next page begins after
}

func (s *Service) listObjects(ctx context.Context, r *api.Request) (*api.Response, error) {
	bucket := r.Path["Bucket"]
	if _, err := s.bucket(ctx, r.Region, bucket); err != nil {
		return nil, err
	}
	q := r.Query
	l := &listing{Name: bucket, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), MaxKeys: 1000, EncodingType: q.Get("encoding-type")}
	if m := q.Get("max-keys"); m != "" {
		n, err := strconv.Atoi(m)
		if err != nil || n < 0 {
			return nil, fail(400, "InvalidArgument", "Provided max-keys not an integer or within integer range")
		}
		l.MaxKeys = min(n, 1000)
	}
	v2 := q.Get("list-type") == "2"
	after := q.Get("marker")
	if v2 {
		after, l.StartAfter = q.Get("start-after"), q.Get("start-after")
		if token := q.Get("continuation-token"); token != "" {
			key, err := base64.StdEncoding.DecodeString(token)
			if err != nil {
				return nil, fail(400, "InvalidArgument", "The continuation token provided is incorrect")
			}
			after, l.ContinuationToken = string(key), token
		}
	} else {
		l.Marker = after
	}
	if err := s.fill(ctx, l, after); err != nil {
		return nil, err
	}
	if l.IsTruncated && v2 {
		l.NextContinuationToken = base64.StdEncoding.EncodeToString([]byte(l.last))
	} else if l.IsTruncated {
		l.NextMarker = l.last
	}
	if l.EncodingType == "url" {
		l.escape()
	}
	return answer(l)
}

// fill reads keys in order until the page is full. A common prefix counts as one key, and what is under it is stepped
// over rather than read.
func (s *Service) fill(ctx context.Context, l *listing, after string) error {
	root := l.Name + "/"
	if after != "" && l.Delimiter != "" && strings.HasSuffix(after, l.Delimiter) {
		after += "\xff" // a page that ended with a common prefix
	}
	if after != "" {
		after = root + after
	}
	for l.KeyCount < l.MaxKeys {
		docs, err := s.cfg.Store.Docs(ctx, spaceObject, root+l.Prefix, after, min(l.MaxKeys-l.KeyCount, 1000))
		if err != nil || len(docs) == 0 {
			return err
		}
		for _, d := range docs {
			key := strings.TrimPrefix(d.Key, root)
			after = d.Key
			l.last = key
			l.KeyCount++
			if prefix, ok := common(key, l.Prefix, l.Delimiter); ok {
				l.CommonPrefixes = append(l.CommonPrefixes, xmlPrefix{prefix})
				l.last, after = prefix, root+prefix+"\xff" // no key has this byte: it is not UTF-8
				break
			}
			var o objectDoc
			if err := decode(d.Value, &o); err != nil {
				return err
			}
			l.Contents = append(l.Contents, xmlObject{key, isoTime(o.Modified), `"` + o.ETag + `"`, o.Size, "STANDARD"})
		}
	}
	more, err := s.cfg.Store.Docs(ctx, spaceObject, root+l.Prefix, after, 1)
	l.IsTruncated = len(more) > 0 && l.MaxKeys > 0
	return err
}

func common(key, prefix, delimiter string) (string, bool) {
	if delimiter == "" {
		return "", false
	}
	i := strings.Index(key[len(prefix):], delimiter)
	if i < 0 {
		return "", false
	}
	return key[:len(prefix)+i+len(delimiter)], true
}

// escape is encoding-type=url.
func (l *listing) escape() {
	esc := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }
	for i := range l.Contents {
		l.Contents[i].Key = esc(l.Contents[i].Key)
	}
	for i := range l.CommonPrefixes {
		l.CommonPrefixes[i].Prefix = esc(l.CommonPrefixes[i].Prefix)
	}
	l.Prefix, l.Delimiter, l.StartAfter, l.Marker, l.NextMarker = esc(l.Prefix), esc(l.Delimiter), esc(l.StartAfter), esc(l.Marker), esc(l.NextMarker)
}
