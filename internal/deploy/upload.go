package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/client"
)

// uploads is the bucket that packages and templates are put into. Objects are named after their content.
type uploads struct {
	o       *Options
	account string
	bucket  string
	made    bool
}

func newUploads(ctx context.Context, o *Options) (*uploads, error) {
	var who struct{ Account string }
	if err := o.Client.Query(ctx, "sts", "2011-06-15", "GetCallerIdentity", nil, &who); err != nil {
		return nil, err
	}
	return &uploads{o: o, account: who.Account, bucket: "perdure-assets-" + who.Account + "-" + o.Client.Region()}, nil
}

func (u *uploads) s3(ctx context.Context, method, path string, body []byte) error {
	_, err := u.o.Client.Do(ctx, client.Request{Service: "s3", Method: method, Path: path, Body: body,
		Header: http.Header{"Content-Type": {"application/octet-stream"}}})
	return err
}

func missing(err error) bool {
	e, ok := api.As(err)
	return ok && e.HTTPStatus() == http.StatusNotFound
}

// put stores content unless it is there already, and returns its key.
func (u *uploads) put(ctx context.Context, content []byte, ext string) (key string, _ error) {
	sum := sha256.Sum256(content)
	key = hex.EncodeToString(sum[:]) + ext
	if !u.made {
		if err := u.ensure(ctx, u.bucket); err != nil {
			return "", err
		}
		u.made = true
	}
	return key, u.putAs(ctx, u.bucket, key, content)
}

// ensure makes a bucket that is not there.
func (u *uploads) ensure(ctx context.Context, bucket string) error {
	err := u.s3(ctx, http.MethodHead, "/"+bucket, nil)
	if !missing(err) {
		return err
	}
	var body []byte
	if region := u.o.Client.Region(); region != "us-east-1" {
		body = []byte(`<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>` + region +
			`</LocationConstraint></CreateBucketConfiguration>`)
	}
	return u.s3(ctx, http.MethodPut, "/"+bucket, body)
}

func (u *uploads) putAs(ctx context.Context, bucket, key string, content []byte) error {
	path := "/" + bucket + "/" + (&url.URL{Path: key}).EscapedPath()
	err := u.s3(ctx, http.MethodHead, path, nil)
	if err == nil || !missing(err) {
		return err
	}
	u.o.say("upload   %s (%d KiB)", key, (len(content)+1023)/1024)
	return u.s3(ctx, http.MethodPut, path, content)
}
