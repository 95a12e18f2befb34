// Package s3 is just enough of S3 for deploys: code packages and templates go in and come out.
//
// It offers buckets, objects, listing, ranges, conditional requests, copies, checksums and multipart uploads, and neither
// versions, tags, policies nor access control; those are refused by the wire. A bucket named as the CDK names its asset
// bucket (cdk-QUALIFIER-assets-ACCOUNT-REGION) exists from its first use, so that nothing needs to be bootstrapped.
//
// Kept in the store:
//
//	s3/bucket  NAME                 bucketDoc
//	s3/object  NAME/KEY             objectDoc; the bytes are the blob it names
//	s3/upload  ID                   uploadDoc
//	s3/part    ID/00001             partDoc; the bytes are the blob it names
//
// Invariants: a document's blob was stored before the document; a blob is deleted only after no document names it. A crash
// between the two leaves a blob that nothing names, never a document without bytes. Objects are at most MaxObject bytes,
// because they pass through memory. Read next: object.go, multipart.go, list.go.
package s3

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// MaxObject bounds an object, bytes.
const MaxObject = 512 << 20

// maxUpload bounds a single request's body, bytes.
const maxUpload = 256 << 20

// XMLNS is the namespace of answers.
const XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"

// Config is what the service needs; all of it is required.
type Config struct {
	Store store.Store
	Now   func() time.Time
	NewID func() string
}

// Service is S3. It is safe for concurrent use.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg} }

const (
	spaceBucket = "s3/bucket"
	spaceObject = "s3/object"
	spaceUpload = "s3/upload"
	spacePart   = "s3/part"
)

type bucketDoc struct {
	Region  string
	Created int64 // Unix milliseconds
}

// Operations is the service's list for the wire.
func (s *Service) Operations() []api.Operation {
	const bucket, object = "/{Bucket}", "/{Bucket}/{Key+}"
	return []api.Operation{
		{Name: "ListBuckets", Method: "GET", Path: "/", Handle: s.listBuckets},
		{Name: "CreateBucket", Method: "PUT", Path: bucket, Handle: s.createBucket},
		{Name: "HeadBucket", Method: "HEAD", Path: bucket, Handle: s.headBucket},
		{Name: "DeleteBucket", Method: "DELETE", Path: bucket, Status: 204, Handle: s.deleteBucket},
		{Name: "GetBucketLocation", Method: "GET", Path: bucket, Match: "location", Handle: s.bucketLocation},
		{Name: "GetBucketEncryption", Method: "GET", Path: bucket, Match: "encryption", Handle: s.bucketEncryption},
		{Name: "GetBucketVersioning", Method: "GET", Path: bucket, Match: "versioning", Handle: s.bucketVersioning},
		{Name: "ListObjectsV2", Method: "GET", Path: bucket, Match: "list-type", Handle: s.listObjects},
		{Name: "ListObjects", Method: "GET", Path: bucket, Handle: s.listObjects},
		{Name: "DeleteObjects", Method: "POST", Path: bucket, Match: "delete", Handle: s.deleteObjects},
		{Name: "PutObject", Method: "PUT", Path: object, MaxBody: maxUpload, Handle: s.putObject},
		{Name: "GetObject", Method: "GET", Path: object, Handle: s.getObject},
		{Name: "HeadObject", Method: "HEAD", Path: object, Handle: s.getObject},
		{Name: "DeleteObject", Method: "DELETE", Path: object, Status: 204, Handle: s.deleteObject},
		{Name: "CreateMultipartUpload", Method: "POST", Path: object, Match: "uploads", Handle: s.createUpload},
		{Name: "UploadPart", Method: "PUT", Path: object, Match: "partNumber", MaxBody: maxUpload, Handle: s.uploadPart},
		{Name: "CompleteMultipartUpload", Method: "POST", Path: object, Match: "uploadId", Handle: s.completeUpload},
		{Name: "AbortMultipartUpload", Method: "DELETE", Path: object, Match: "uploadId", Status: 204, Handle: s.abortUpload},
		{Name: "ListParts", Method: "GET", Path: object, Match: "uploadId", Handle: s.listParts},
	}
}

var (
	bucketName  = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	assetBucket = regexp.MustCompile(`^cdk-[a-z0-9]{1,10}-assets-[0-9]{12}-[a-z0-9-]+$`)
)

// bucket finds a bucket, and makes it if it is the CDK's asset bucket.
func (s *Service) bucket(ctx context.Context, region, name string) (*bucketDoc, error) {
	var b bucketDoc
	_, err := s.doc(ctx, spaceBucket, name, &b)
	if errors.Is(err, store.ErrNotFound) {
		if !assetBucket.MatchString(name) {
			return nil, noSuchBucket(name)
		}
		b = bucketDoc{Region: region, Created: s.cfg.Now().UnixMilli()}
		if err = s.put(ctx, spaceBucket, name, 0, &b); errors.Is(err, store.ErrConflict) {
			err = nil // somebody else made it
		}
	}
	return &b, err
}

// Ensure makes a bucket if there is none of that name.
func (s *Service) Ensure(ctx context.Context, region, name string) error {
	err := s.put(ctx, spaceBucket, name, 0, &bucketDoc{Region: region, Created: s.cfg.Now().UnixMilli()})
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	return err
}

// Object reads an object for another part of the server: a code package, a template. Failures are *api.Error as GetObject
// answers them.
func (s *Service) Object(ctx context.Context, region, bucket, key string) ([]byte, error) {
	o, err := s.object(ctx, region, bucket, key)
	if err != nil {
		return nil, err
	}
	return s.cfg.Store.Blob(ctx, o.Blob)
}

// doc reads a document into v and returns its version.
func (s *Service) doc(ctx context.Context, space, key string, v any) (uint64, error) {
	d, err := s.cfg.Store.Doc(ctx, space, key)
	if err != nil {
		return 0, err
	}
	return d.Version, json.Unmarshal(d.Value, v)
}

func (s *Service) put(ctx context.Context, space, key string, version uint64, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.cfg.Store.CommitDocs(ctx, store.Doc{Space: space, Key: key, Value: b, Version: version})
}

func noSuchBucket(name string) *api.Error {
	return &api.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: http.StatusNotFound,
		Members: map[string]any{"BucketName": name}}
}

func noSuchKey(key string) *api.Error {
	return &api.Error{Code: "NoSuchKey", Message: "The specified key does not exist.", Status: http.StatusNotFound,
		Members: map[string]any{"Key": key}}
}

func fail(status int, code, message string) *api.Error {
	return &api.Error{Code: code, Message: message, Status: status}
}
