package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// ownClose is true for a connection that the client closed itself. A server cannot cause that error: what it closes is
// reset or ends early. The SDK's client does so rarely, on a busy machine, while it reads an answer.
type ownClose struct{}

func (ownClose) IsErrorRetryable(err error) aws.Ternary {
	return aws.BoolTernary(errors.Is(err, net.ErrClosed))
}

// awsConfig is an SDK configuration for a server, with keys. Whatever the server answers is not asked for again.
func awsConfig(s *Server, key, secret, token string) aws.Config {
	return aws.Config{
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.Retryables = []retry.IsErrorRetryable{ownClose{}} })
		},
		BaseEndpoint: aws.String(s.URL()), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token),
	}
}

func s3Client(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestS3ClientStoresReadsListsAndDeletes(t *testing.T) {
	ctx := context.Background()
	c := s3Client(awsConfig(start(t, nil), "test", "test", ""))
	bucket := aws.String("my-bucket")
	if _, err := c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: bucket}); code(err) != "NotFound" {
		t.Errorf("before it was made: %v", err)
	}
	if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a/1", "a/2", "a/b/3", "c d+ü%2F", "e"} {
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: strings.NewReader("data of " + key),
			ContentType: aws.String("text/plain"), Metadata: map[string]string{"who": "me"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("c d+ü%2F")})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(got.Body); string(b) != "data of c d+ü%2F" || err != nil || *got.ContentType != "text/plain" || got.Metadata["who"] != "me" {
		t.Errorf("%q %v %v %v", b, err, *got.ContentType, got.Metadata)
	}
	part, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("e"), Range: aws.String("bytes=5-6")})
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(part.Body); string(b) != "of" || *part.ContentRange != "bytes 5-6/9" {
		t.Errorf("range: %q %s", b, *part.ContentRange)
	}
	if _, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("e"), Range: aws.String("bytes=9-")}); code(err) != "InvalidRange" {
		t.Errorf("range behind the end: %v", err)
	}
	head, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("e")})
	if err != nil || *head.ContentLength != 9 {
		t.Errorf("head: %v %v", head, err)
	}
	if _, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("none")}); code(err) != "NoSuchKey" {
		t.Errorf("missing key: %v", err)
	}
	if _, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("no-bucket"), Key: aws.String("k")}); code(err) != "NoSuchBucket" {
		t.Errorf("missing bucket: %v", err)
	}
	if _, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("my-bucket/a/1")}); err != nil {
		t.Error(err)
	}
	if _, err := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket}); code(err) != "BucketNotEmpty" {
		t.Errorf("full bucket: %v", err)
	}
	if _, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: bucket, Key: aws.String("e")}); code(err) != "NotImplemented" {
		t.Errorf("what is not offered: %v", err)
	}
	del := &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{}}
	for _, key := range listed(t, c, bucket, "", "") {
		del.Delete.Objects = append(del.Delete.Objects, types.ObjectIdentifier{Key: aws.String(key)})
	}
	if out, err := c.DeleteObjects(ctx, del); err != nil || len(out.Deleted) != 6 {
		t.Errorf("delete many: %v %v", out, err)
	}
	if _, err := c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket}); err != nil {
		t.Error(err)
	}
}

// listed pages through a bucket, two keys at a time.
func listed(t *testing.T, c *s3.Client, bucket *string, prefix, delimiter string) (keys []string) {
	t.Helper()
	p := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: &prefix, Delimiter: &delimiter, MaxKeys: aws.Int32(2)})
	for p.HasMorePages() {
		out, err := p.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range out.Contents {
			keys = append(keys, *o.Key)
		}
		for _, o := range out.CommonPrefixes {
			keys = append(keys, *o.Prefix)
		}
	}
	return keys
}

func TestS3ListingGroupsByDelimiter(t *testing.T) {
	c := s3Client(awsConfig(start(t, nil), "test", "test", ""))
	bucket := aws.String("cdk-hnb659fds-assets-000000000000-us-east-1") // exists from its first use
	for _, key := range []string{"a/1", "a/2", "a/b/3", "a/b/4", "b/1", "c", "d"} {
		if _, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range []struct{ prefix, delimiter, want string }{
		{"", "", "a/1 a/2 a/b/3 a/b/4 b/1 c d"},
		{"", "/", "a/ b/ c d"},
		{"a/", "/", "a/1 a/2 a/b/"},
		{"a/b/", "/", "a/b/3 a/b/4"},
		{"x", "/", ""},
	} {
		got := listed(t, c, bucket, l.prefix, l.delimiter)
		// Pages list keys before prefixes, so compare as sets of known size.
		if want := strings.Fields(l.want); len(got) != len(want) || !containsAll(got, want) {
			t.Errorf("prefix %q delimiter %q: %v, want %v", l.prefix, l.delimiter, got, want)
		}
	}
}

func containsAll(got, want []string) bool {
	have := map[string]bool{}
	for _, g := range got {
		have[g] = true
	}
	for _, w := range want {
		if !have[w] {
			return false
		}
	}
	return true
}

func TestS3MultipartUploadJoinsItsParts(t *testing.T) {
	ctx := context.Background()
	c := s3Client(awsConfig(start(t, nil), "test", "test", ""))
	bucket, key := aws.String("parts"), aws.String("big")
	if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	up, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("0123456789abcdef"), (5<<20)/16*2+100)
	var done types.CompletedMultipartUpload
	for _, n := range []int{3, 1, 2} { // in any order
		from, to := (n-1)*(5<<20), min(n*(5<<20), len(data))
		p, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: up.UploadId, PartNumber: aws.Int32(int32(n)), Body: bytes.NewReader(data[from:to])})
		if err != nil {
			t.Fatal(err)
		}
		done.Parts = append(done.Parts, types.CompletedPart{ETag: p.ETag, PartNumber: aws.Int32(int32(n))})
	}
	in := &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &done}
	if _, err := c.CompleteMultipartUpload(ctx, in); code(err) != "InvalidPartOrder" {
		t.Errorf("parts out of order: %v", err)
	}
	done.Parts = []types.CompletedPart{done.Parts[1], done.Parts[2], done.Parts[0]}
	if _, err := c.CompleteMultipartUpload(ctx, in); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(got.Body); err != nil || !bytes.Equal(b, data) || !strings.HasSuffix(*got.ETag, `-3"`) {
		t.Errorf("%d bytes, want %d; %v; etag %s", len(b), len(data), err, *got.ETag)
	}
	if _, err := c.CompleteMultipartUpload(ctx, in); code(err) != "NoSuchUpload" {
		t.Errorf("a second completion: %v", err)
	}
}

func TestS3RefusesDamagedUploads(t *testing.T) {
	s := start(t, nil)
	c := s3Client(awsConfig(s, "test", "test", ""))
	if _, err := c.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("sums")}); err != nil {
		t.Fatal(err)
	}
	for _, a := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"} {
		if _, err := c.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String("sums"), Key: aws.String(string(a)), Body: strings.NewReader("123456789"), ChecksumAlgorithm: a}); err != nil {
			t.Errorf("%s of the SDK was refused: %v", a, err)
		}
	}
	wrong := sha256.Sum256([]byte("other"))
	req, _ := http.NewRequest("PUT", s.URL()+"/sums/k", strings.NewReader("data"))
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00")
	req.Header.Set("X-Amz-Checksum-Sha256", base64.StdEncoding.EncodeToString(wrong[:]))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 400 || !strings.Contains(string(b), "BadDigest") {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
}
