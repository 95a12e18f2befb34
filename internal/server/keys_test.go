package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// stsCall makes a signed query request.
func stsCall(t *testing.T, s *Server, creds aws.Credentials, form string) (int, string) {
	t.Helper()
	req, _ := http.NewRequest("POST", s.URL()+"/", bytes.NewReader([]byte(form)))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(form))
	if err := v4.NewSigner().SignHTTP(context.Background(), creds, req, hex.EncodeToString(sum[:]), "sts", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

const (
	assume = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fcdk-deploy&RoleSessionName=aws-cdk-me"
	whoami = "Action=GetCallerIdentity&Version=2011-06-15"
)

func TestConfiguredCredentialsAreRequiredAndTemporaryOnesWork(t *testing.T) {
	s := start(t, func(c *Config) { c.Credentials = []Credential{{"AKID", "SECRET"}} })
	good := aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}
	if status, body := call(t, "GET", s.URL()+"/_perdure/info", ""); status != 403 {
		t.Errorf("unsigned: %d %s", status, body)
	}
	if status, body := call(t, "GET", s.URL()+"/healthz", ""); status != 200 {
		t.Errorf("health needs no signature: %d %s", status, body)
	}
	if _, err := s3Client(awsConfig(s, "AKID", "guess", "")).ListBuckets(context.Background(), &s3.ListBucketsInput{}); code(err) != "SignatureDoesNotMatch" {
		t.Errorf("wrong secret: %v", err)
	}
	status, body := stsCall(t, s, good, assume)
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	var out struct {
		Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string } `xml:"AssumeRoleResult>Credentials"`
	}
	if err := xml.Unmarshal([]byte(body), &out); err != nil {
		t.Fatal(err)
	}
	c := out.Credentials
	temp := aws.Credentials{AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	if _, body := stsCall(t, s, temp, whoami); !strings.Contains(body, "arn:aws:sts::000000000000:assumed-role/cdk-deploy/aws-cdk-me") {
		t.Errorf("who am I: %s", body)
	}
	if _, err := s3Client(awsConfig(s, c.AccessKeyId, c.SecretAccessKey, c.SessionToken)).ListBuckets(context.Background(), &s3.ListBucketsInput{}); err != nil {
		t.Errorf("temporary credentials were refused: %v", err)
	}
	if _, err := s3Client(awsConfig(s, c.AccessKeyId, c.SecretAccessKey, "AAAA"+c.SessionToken[4:])).ListBuckets(context.Background(), &s3.ListBucketsInput{}); code(err) != "InvalidAccessKeyId" {
		t.Errorf("a forged token: %v", err)
	}
	if status, body := stsCall(t, s, good, strings.Replace(assume, "role%2F", "user%2F", 1)); status != 400 || !strings.Contains(body, "ValidationError") {
		t.Errorf("no role: %d %s", status, body)
	}
}

func TestTemporaryCredentialsEndAndKeepTheirKeyPerRole(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	k := &keys{account: "000000000000", master: bytes.Repeat([]byte("k"), 32), now: func() time.Time { return now }}
	a := k.issue("000000000000", "role/deploy/one", time.Hour)
	b := k.issue("000000000000", "role/deploy/two", time.Hour)
	if a.AccessKeyID != b.AccessKeyID {
		t.Errorf("two sessions of a role have keys %s and %s", a.AccessKeyID, b.AccessKeyID)
	}
	if secret, account, ok := k.lookup(a.AccessKeyID, a.SessionToken); !ok || secret != a.SecretAccessKey || account != "000000000000" {
		t.Errorf("%s %s %v", secret, account, ok)
	}
	forever := k.issue("000000000000", "role/f/x", 0)
	now = now.Add(time.Hour + time.Second)
	if _, _, ok := k.lookup(a.AccessKeyID, a.SessionToken); ok {
		t.Error("they are good after their end")
	}
	if _, _, ok := k.lookup(forever.AccessKeyID, forever.SessionToken); !ok {
		t.Error("those without an end have ended")
	}
	if _, _, ok := k.lookup(forever.AccessKeyID, a.SessionToken); ok {
		t.Error("a key goes with another key's token")
	}
}
