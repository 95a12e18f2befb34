package sam

import (
	"net/url"
	"strings"

	"github.com/perdure/perdure/internal/cfn"
)

// location is a place in S3 that a property gives, as a map with the three keys: of s3://bucket/key?versionId=v, or of a map
// of Bucket, Key and Version. A local path stays a string if it may.
func (s *source) location(property string, n *cfn.Node, bucket, key, version string) *cfn.Node {
	if n.Kind == cfn.Map && !intrinsic(n) {
		if n.Get("Bucket") == nil || n.Get("Key") == nil {
			s.fail(n, "'%s' requires Bucket and Key properties to be specified.", property)
			return nil
		}
		return object(bucket, n.Get("Bucket"), key, n.Get("Key"), version, given(n, "Version"))
	}
	uri, ok := s.constant(n)
	if !ok || n.Kind == cfn.List {
		s.fail(n, "'%s' requires Bucket and Key properties to be specified.", property)
		return nil
	}
	b, k, v, ok := parseS3(uri)
	switch {
	case ok:
		out := object(bucket, text(b), key, text(k))
		if v != "" {
			out = with(out, version, text(v))
		}
		return out
	case s.o.Local && uri != "" && !strings.Contains(uri, "://"):
		return placed(text(uri), n)
	}
	s.fail(n, "'%s' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.", property)
	return nil
}

func parseS3(uri string) (bucket, key, version string, ok bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "s3" || u.Host == "" || len(u.Path) < 2 {
		return "", "", "", false
	}
	return u.Host, u.Path[1:], u.Query().Get("versionId"), true
}
