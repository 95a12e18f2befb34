// Package items turns S3 objects into the items of a Distributed Map: the ItemReader of its definition.
//
// It reads whole objects (at most what the object store takes), plain or gzip, as CSV, JSON, JSON lines, an S3 inventory, an
// Athena manifest, or the listing of a bucket (specification, section 3.4). Parquet and zstd are refused in words. Nothing
// is stored here. Everything that goes wrong with the data is a [*Failure], which the Map state fails with; other errors are
// those of the object store itself and mean that reading may be tried again.
//
// Read next: read.go for the order of things, csv.go for the rules of quoting.
package items

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"

	"github.com/perdure/perdure/internal/api"
)

// Objects is where objects are: S3.
type Objects interface {
	// Get reads an object; what S3 refuses is an *api.Error.
	Get(ctx context.Context, region, bucket, key string) ([]byte, error)
	// Put writes one.
	Put(ctx context.Context, region, bucket, key string, data []byte) error
	// List calls each for the objects whose key begins with prefix, in order of their keys, until each says no.
	List(ctx context.Context, region, bucket, prefix, after string, each func(Object) bool) error
}

// Object is an entry of a listing.
type Object struct {
	Key      string
	ETag     string // without quotes
	Size     int64
	Modified int64 // Unix seconds
}

// Failure is the cause of States.ItemReaderFailed.
type Failure struct{ Cause string }

func (f *Failure) Error() string { return f.Cause }

func failed(format string, args ...any) error { return &Failure{fmt.Sprintf(format, args...)} }

// maxBytes bounds what a compressed object may become.
const maxBytes = 1 << 30

// fetch reads an object and unpacks it.
func (r *reader) fetch(bucket, key string) ([]byte, error) {
	data, err := r.objects.Get(r.ctx, r.region, bucket, key)
	if err != nil {
		return nil, refused(err)
	}
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, failed("The object s3://%s/%s cannot be unpacked: %s", bucket, key, err)
		}
		data, err = io.ReadAll(io.LimitReader(z, maxBytes+1))
		if err != nil {
			return nil, failed("The object s3://%s/%s cannot be unpacked: %s", bucket, key, err)
		}
		if len(data) > maxBytes {
			return nil, failed("The object s3://%s/%s is too large.", bucket, key)
		}
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, failed("The object s3://%s/%s is packed with zstd, which is not supported here; pack it with gzip.", bucket, key)
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), nil
}

// refused words what S3 has refused as the SDK does that AWS reads with.
func refused(err error) error {
	e, ok := api.As(err)
	if !ok {
		return err
	}
	return &Failure{Refusal(e)}
}

// Refusal is the text of a failed call of S3.
func Refusal(e *api.Error) string {
	return fmt.Sprintf("%s (Service: Amazon S3; Status Code: %d; Error Code: %s; Proxy: null)", e.Message, e.HTTPStatus(), e.Code)
}
