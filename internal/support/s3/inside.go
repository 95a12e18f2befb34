package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"net/http"

	"github.com/perdure/perdure/internal/api"
)

// Entry describes an object to other parts of the server.
type Entry struct {
	Key      string
	ETag     string // without quotes
	Size     int64
	Modified int64 // Unix milliseconds
}

// Put writes an object for another part of the server. Failures are *api.Error as PutObject answers them.
func (s *Service) Put(ctx context.Context, region, bucket, key string, data []byte) error {
	sum := md5.Sum(data)
	o := &objectDoc{ETag: hex.EncodeToString(sum[:]), Head: map[string]string{}}
	r := &api.Request{Region: region, Path: map[string]string{"Bucket": bucket, "Key": key}, Header: http.Header{}}
	return s.write(ctx, r, o, data)
}

// Walk calls each for the objects of a bucket whose key begins with prefix and is behind after, in order of their keys,
// until each says no.
func (s *Service) Walk(ctx context.Context, region, bucket, prefix, after string, each func(Entry) bool) error {
	if _, err := s.bucket(ctx, region, bucket); err != nil {
		return err
	}
	root := bucket + "/"
	if after != "" {
		after = root + after
	}
	for {
		docs, err := s.cfg.Store.Docs(ctx, spaceObject, root+prefix, after, 1000)
		if err != nil || len(docs) == 0 {
			return err
		}
		for _, d := range docs {
			after = d.Key
			var o objectDoc
			if err := decode(d.Value, &o); err != nil {
				return err
			}
			if !each(Entry{d.Key[len(root):], o.ETag, o.Size, o.Modified}) {
				return nil
			}
		}
	}
}
