package server

import (
	"context"

	"github.com/perdure/perdure/internal/states/items"
	"github.com/perdure/perdure/internal/support/s3"
)

// objects gives state machines what is in S3.
type objects struct{ s3 *s3.Service }

var _ items.Objects = objects{}

func (o objects) Get(ctx context.Context, region, bucket, key string) ([]byte, error) {
	return o.s3.Object(ctx, region, bucket, key)
}

func (o objects) Put(ctx context.Context, region, bucket, key string, data []byte) error {
	return o.s3.Put(ctx, region, bucket, key, data)
}

func (o objects) List(ctx context.Context, region, bucket, prefix, after string, each func(items.Object) bool) error {
	return o.s3.Walk(ctx, region, bucket, prefix, after, func(e s3.Entry) bool {
		return each(items.Object{Key: e.Key, ETag: e.ETag, Size: e.Size, Modified: e.Modified / 1000})
	})
}
