package provider

import (
	"context"
	"regexp"
	"strings"

	"github.com/perdure/perdure/internal/arn"
)

// inertTypes exist in their stack and have no effect: nothing here enforces policies, encrypts or holds images.
func inertTypes() []*Type {
	inert := func(name, never, always string, attributes ...string) *Type {
		return &Type{
			Name: name, Properties: properties(never, always), Attributes: attributes,
			Create: func(_ context.Context, r *Request) (*Result, error) { return inertResult(r, name), nil },
			Update: func(_ context.Context, r *Request) (*Result, error) { return inertResult(r, name), nil },
			Delete: func(context.Context, *Request) error { return nil },
		}
	}
	metadata := inert("AWS::CDK::Metadata", "Analytics", "")
	policy := inert("AWS::IAM::Policy", "PolicyName PolicyDocument Roles Users Groups", "", "Id")
	policy.Required = []string{"PolicyName", "PolicyDocument"}
	return []*Type{
		metadata, policy,
		inert("AWS::IAM::ManagedPolicy", "PolicyDocument Roles Users Groups", "ManagedPolicyName Path Description", "PolicyArn"),
		inert("AWS::S3::BucketPolicy", "PolicyDocument", "Bucket"),
		inert("AWS::KMS::Key", "Description Enabled EnableKeyRotation KeyPolicy KeySpec KeyUsage MultiRegion Origin PendingWindowInDays Tags", "", "Arn", "KeyId"),
		inert("AWS::KMS::Alias", "TargetKeyId", "AliasName"),
		inert("AWS::ECR::Repository", "ImageScanningConfiguration ImageTagMutability LifecyclePolicy RepositoryPolicyText Tags EmptyOnDelete",
			"RepositoryName EncryptionConfiguration", "Arn", "RepositoryUri"),
		inert("AWS::CloudFormation::WaitConditionHandle", "", ""),
	}
}

func inertResult(r *Request, typ string) *Result {
	id := r.PhysicalID
	if id == "" {
		id = r.generated(100)
	}
	switch typ {
	case "AWS::IAM::Policy":
		return made(id, map[string]string{"Id": id})
	case "AWS::IAM::ManagedPolicy":
		if n := r.text("ManagedPolicyName"); n != "" && r.PhysicalID == "" {
			id = n
		}
		id = arn.New("iam", "", r.Account, "policy/"+strings.TrimPrefix(id, arn.New("iam", "", r.Account, "policy/").String())).String()
		return made(id, map[string]string{"PolicyArn": id})
	case "AWS::KMS::Key":
		return made(id, map[string]string{"Arn": arn.New("kms", r.Region, r.Account, "key/"+id).String(), "KeyId": id})
	case "AWS::KMS::Alias":
		return &Result{PhysicalID: r.text("AliasName")}
	case "AWS::ECR::Repository":
		name := r.name("RepositoryName", 256)
		return made(name, map[string]string{"Arn": arn.New("ecr", r.Region, r.Account, "repository/"+name).String(),
			"RepositoryUri": r.Account + ".dkr.ecr." + r.Region + ".amazonaws.com/" + name})
	}
	return &Result{PhysicalID: id}
}

var typeName = regexp.MustCompile(`^[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}(::MODULE)?$`)

// Inert is a type that nobody serves, for stacks in which it does not matter: a resource of it exists in the stack's own
// record. It takes any property. An attribute whose name ends in Arn is an ARN that names nothing, any other the id.
func Inert(name string) *Type {
	if !typeName.MatchString(name) {
		return nil
	}
	part := strings.Split(strings.ToLower(name), "::")
	keep := func(_ context.Context, r *Request) (*Result, error) {
		if r.PhysicalID != "" {
			return made(r.PhysicalID, nil), nil
		}
		return made(r.generated(100), nil), nil
	}
	return &Type{
		Name: name, Open: true, Create: keep, Update: keep, Delete: func(context.Context, *Request) error { return nil },
		Invent: func(region, account, id, attribute string) string {
			if strings.HasSuffix(strings.ToLower(attribute), "arn") {
				return arn.New(part[1], region, account, part[2]+"/"+id).String()
			}
			return id
		},
	}
}
