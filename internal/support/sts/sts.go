// Package sts says who a caller is and hands out temporary credentials for roles.
//
// Roles are names, not policies: any well-formed role ARN can be assumed by whoever may call at all. The credentials come
// from Config.Issue, which derives the access key from the role, because the CDK keeps the account of an access key for
// ever. Nothing is stored.
package sts

import (
	"bytes"
	"context"
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
)

// Version and XMLNS are those of the AWS model.
const (
	Version = "2011-06-15"
	XMLNS   = "https://sts.amazonaws.com/doc/2011-06-15/"
)

// Credentials are temporary.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}

// Config is what the service needs; all of it is required.
type Config struct {
	// Issue makes credentials for an identity ("role/NAME/SESSION") that last for d.
	Issue func(account, identity string, d time.Duration) Credentials
	// Identity is who an access key was issued for; empty for keys that Issue did not make.
	Identity func(accessKey, token string) string
}

// Service is STS. It is safe for concurrent use.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg} }

// Operations is the service's list for the wire.
func (s *Service) Operations() []api.Operation {
	return []api.Operation{
		{Name: "GetCallerIdentity", Handle: s.whoami},
		{Name: "AssumeRole", Handle: s.assume},
	}
}

func (s *Service) whoami(_ context.Context, r *api.Request) (*api.Response, error) {
	out := struct{ UserId, Account, Arn string }{"AIDAPERDURE", r.Account, arn.New("iam", "", r.Account, "root").String()}
	if r.AccessKey != "" {
		out.UserId = r.AccessKey
	}
	if id := s.cfg.Identity(r.AccessKey, r.Header.Get("X-Amz-Security-Token")); id != "" {
		_, session, _ := strings.Cut(strings.TrimPrefix(id, "role/"), "/")
		out.UserId = r.AccessKey + ":" + session
		out.Arn = arn.New("sts", "", r.Account, "assumed-"+id).String()
	}
	return result(out)
}

var (
	roleARN     = regexp.MustCompile(`^arn:[a-z-]+:iam::([0-9]{12}):role/(?:[\x21-\x7e]+/)?([A-Za-z0-9_+=,.@-]{1,64})$`)
	sessionName = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{2,64}$`)
)

func (s *Service) assume(_ context.Context, r *api.Request) (*api.Response, error) {
	role, session := r.Query.Get("RoleArn"), r.Query.Get("RoleSessionName")
	m := roleARN.FindStringSubmatch(role)
	if m == nil || len(role) > 2048 {
		return nil, api.Errorf("ValidationError", "%s is invalid", clip(role))
	}
	if !sessionName.MatchString(session) {
		return nil, api.Errorf("ValidationError", "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", clip(session))
	}
	seconds := 3600
	if d := r.Query.Get("DurationSeconds"); d != "" {
		n, err := strconv.Atoi(d)
		if err != nil || n < 900 || n > 43200 {
			return nil, api.Errorf("ValidationError", "1 validation error detected: Value '%s' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200", clip(d))
		}
		seconds = n
	}
	identity := "role/" + m[2] + "/" + session
	c := s.cfg.Issue(m[1], identity, time.Duration(seconds)*time.Second)
	type user struct{ AssumedRoleId, Arn string }
	type creds struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string }
	return result(struct {
		AssumedRoleUser user
		Credentials     creds
	}{
		user{c.AccessKeyID + ":" + session, arn.New("sts", "", m[1], "assumed-"+identity).String()},
		creds{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expires.UTC().Format(time.RFC3339)},
	})
}

// result encodes the members of v, without an element around them.
func result(v any) (*api.Response, error) {
	var b bytes.Buffer
	if err := xml.NewEncoder(&b).EncodeElement(v, xml.StartElement{Name: xml.Name{Local: "R"}}); err != nil {
		return nil, err
	}
	body := bytes.TrimSuffix(bytes.TrimPrefix(b.Bytes(), []byte("<R>")), []byte("</R>"))
	return &api.Response{Body: body}, nil
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "..."
	}
	return s
}
