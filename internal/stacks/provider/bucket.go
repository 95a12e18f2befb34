package provider

import (
	"context"
	"strings"

	"github.com/perdure/perdure/internal/arn"
)

// buckets makes AWS::S3::Bucket. Of its properties only the name has an effect here.
type buckets struct{ env Env }

func bucketTypes(env Env) []*Type {
	b := buckets{env}
	return []*Type{{
		Name: "AWS::S3::Bucket",
		Properties: properties("AccessControl BucketEncryption CorsConfiguration LifecycleConfiguration LoggingConfiguration "+
			"NotificationConfiguration OwnershipControls PublicAccessBlockConfiguration Tags VersioningConfiguration", "BucketName"),
		Attributes: []string{"Arn", "DomainName", "RegionalDomainName", "DualStackDomainName", "WebsiteURL"},
		Create:     b.create, Update: b.update, Delete: b.delete,
	}}
}

func (b buckets) create(ctx context.Context, r *Request) (*Result, error) {
	name := strings.ToLower(r.name("BucketName", 63))
	path := map[string]string{"Bucket": name}
	// In us-east-1 making one's own bucket again succeeds, so whether it is there is asked first.
	_, err := b.env.Caller.Call(ctx, Call{Service: "s3", Operation: "HeadBucket", Region: r.Region, Account: r.Account, Path: path})
	if err == nil && !r.Retry && !assets(name) {
		return nil, exists(name)
	}
	if err != nil {
		if !is(err, "NoSuchBucket") {
			return nil, err
		}
		if _, err := b.env.Caller.Call(ctx, Call{Service: "s3", Operation: "CreateBucket", Region: r.Region, Account: r.Account, Path: path}); err != nil {
			return nil, err
		}
	}
	return b.result(r, name), nil
}

// assets: the CDK's asset bucket, which exists from its first use and is adopted by a real bootstrap.
func assets(name string) bool {
	return strings.HasPrefix(name, "cdk-") && strings.Contains(name, "-assets-")
}

func (b buckets) update(_ context.Context, r *Request) (*Result, error) {
	return b.result(r, r.PhysicalID), nil
}

func (b buckets) result(r *Request, name string) *Result {
	return made(name, map[string]string{
		"Arn":                 arn.New("s3", "", "", name).String(),
		"DomainName":          name + ".s3.amazonaws.com",
		"RegionalDomainName":  name + ".s3." + r.Region + ".amazonaws.com",
		"DualStackDomainName": name + ".s3.dualstack." + r.Region + ".amazonaws.com",
		"WebsiteURL":          "http://" + name + ".s3-website-" + r.Region + ".amazonaws.com",
	})
}

func (b buckets) delete(ctx context.Context, r *Request) error {
	_, err := b.env.Caller.Call(ctx, Call{Service: "s3", Operation: "DeleteBucket", Region: r.Region, Account: r.Account,
		Path: map[string]string{"Bucket": r.PhysicalID}})
	if is(err, "NoSuchBucket") {
		return nil
	}
	return err
}

type exists string

func (e exists) Error() string { return string(e) + " already exists" }
