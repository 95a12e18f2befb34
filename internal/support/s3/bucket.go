package s3

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

func (s *Service) createBucket(ctx context.Context, r *api.Request) (*api.Response, error) {
	name := r.Path["Bucket"]
	if !bucketName.MatchString(name) {
		return nil, fail(400, "InvalidBucketName", "The specified bucket is not valid.")
	}
	err := s.put(ctx, spaceBucket, name, 0, &bucketDoc{Region: r.Region, Created: s.cfg.Now().UnixMilli()})
	if errors.Is(err, store.ErrConflict) && r.Region != "us-east-1" { // there, making one's own bucket again is fine
		return nil, fail(409, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
	}
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return nil, err
	}
	return &api.Response{Header: http.Header{"Location": {"/" + name}}}, nil
}

func (s *Service) headBucket(ctx context.Context, r *api.Request) (*api.Response, error) {
	b, err := s.bucket(ctx, r.Region, r.Path["Bucket"])
	if err != nil {
		return nil, err
	}
	return &api.Response{Header: http.Header{"X-Amz-Bucket-Region": {b.Region}}}, nil
}

func (s *Service) deleteBucket(ctx context.Context, r *api.Request) (*api.Response, error) {
	return &api.Response{}, s.RemoveBucket(ctx, r.Path["Bucket"])
}

// RemoveBucket deletes an empty bucket. Failures are *api.Error as DeleteBucket answers them.
func (s *Service) RemoveBucket(ctx context.Context, name string) error {
	var b bucketDoc
	version, err := s.doc(ctx, spaceBucket, name, &b)
	if errors.Is(err, store.ErrNotFound) {
		return noSuchBucket(name)
	}
	if err != nil {
		return err
	}
	held, err := s.cfg.Store.Docs(ctx, spaceObject, name+"/", "", 1)
	if err != nil {
		return err
	}
	if len(held) > 0 {
		return &api.Error{Code: "BucketNotEmpty", Message: "The bucket you tried to delete is not empty", Status: 409,
			Members: map[string]any{"BucketName": name}}
	}
	return s.cfg.Store.CommitDocs(ctx, store.Doc{Space: spaceBucket, Key: name, Version: version})
}

func (s *Service) bucketLocation(ctx context.Context, r *api.Request) (*api.Response, error) {
	b, err := s.bucket(ctx, r.Region, r.Path["Bucket"])
	if err != nil {
		return nil, err
	}
	region := b.Region
	if region == "us-east-1" {
		region = ""
	}
	return answer(struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
		Region  string   `xml:",chardata"`
	}{Region: region})
}

func (s *Service) bucketEncryption(ctx context.Context, r *api.Request) (*api.Response, error) {
	if _, err := s.bucket(ctx, r.Region, r.Path["Bucket"]); err != nil {
		return nil, err
	}
	return nil, fail(404, "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found")
}

func (s *Service) bucketVersioning(ctx context.Context, r *api.Request) (*api.Response, error) {
	if _, err := s.bucket(ctx, r.Region, r.Path["Bucket"]); err != nil {
		return nil, err
	}
	return answer(struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ VersioningConfiguration"`
	}{})
}

type xmlBucket struct {
	Name         string
	CreationDate string
}

func (s *Service) listBuckets(ctx context.Context, _ *api.Request) (*api.Response, error) {
	var out struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListAllMyBucketsResult"`
		Owner   struct{ ID, DisplayName string }
		Buckets []xmlBucket `xml:"Buckets>Bucket"`
	}
	out.Owner.ID, out.Owner.DisplayName = "perdure", "perdure"
	docs, err := s.cfg.Store.Docs(ctx, spaceBucket, "", "", 1000)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		var b bucketDoc
		if err := decode(d.Value, &b); err != nil {
			return nil, err
		}
		out.Buckets = append(out.Buckets, xmlBucket{d.Key, isoTime(b.Created)})
	}
	return answer(out)
}

func isoTime(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// answer encodes an XML document.
func answer(v any) (*api.Response, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(v); err != nil {
		return nil, err
	}
	return &api.Response{Body: b.Bytes()}, nil
}
