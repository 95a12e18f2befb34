package wire

import (
	"net/http"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// subresources are the query keys that make an S3 request something else than its plain path says. A request with one of
// these that no operation asks for is refused, rather than taken for a read or a write of the object.
var subresources = map[string]bool{
	"abac": true, "accelerate": true, "acl": true, "analytics": true, "annotation": true, "attributes": true, "cors": true, "delete": true,
	"encryption": true, "intelligent-tiering": true, "inventory": true, "legal-hold": true, "lifecycle": true,
	"location": true, "logging": true, "metadataConfiguration": true, "metadataTable": true, "metrics": true,
	"notification": true, "object-lock": true, "ownershipControls": true, "partNumber": true, "policy": true,
	"policyStatus": true, "publicAccessBlock": true, "renameObject": true, "replication": true, "requestPayment": true, "restore": true,
	"retention": true, "select": true, "session": true, "tagging": true, "torrent": true, "uploadId": true, "uploads": true,
	"versioning": true, "versionId": true, "versions": true, "website": true,
}

// resolveS3 routes by path after putting a bucket that stands in the host name in front of it.
func (c *call) resolveS3(req *http.Request) *api.Error {
	if bucket := bucketOfHost(hostName(req.Host)); bucket != "" {
		c.path = "/" + bucket + c.path
	}
	m, ok, _ := c.svc.routes.find(req.Method, c.path, req.URL.RawQuery)
	if ok && m.op.Match == "" {
		ok = plainRequest(req.URL.RawQuery)
	} else if ok && strings.HasPrefix(m.op.Match, "!") {
		ok = plainRequest(req.URL.RawQuery)
	}
	if !ok {
		what := req.Method + " " + clip(c.path)
		if req.URL.RawQuery != "" {
			what += "?" + clip(req.URL.RawQuery)
		}
		return api.Errorf("NotImplemented", "A header or query you provided implies functionality that is not offered here: %s", what)
	}
	c.match, c.op, c.opName = m, m.op, m.op.Name
	return nil
}

func plainRequest(query string) bool {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if key, _, _ := strings.Cut(pair, "="); subresources[key] {
			return false
		}
	}
	return true
}

// bucketOfHost is the first label of BUCKET.localhost, BUCKET.s3.REGION.amazonaws.com and the like; empty for a host that
// is the service's own.
func bucketOfHost(host string) string {
	bucket, parent, found := strings.Cut(host, ".")
	if !found || isLoopbackName(host) && !strings.HasSuffix(host, ".localhost") || digits(host) {
		return ""
	}
	if bucket == "s3" || strings.HasPrefix(bucket, "s3-") {
		return ""
	}
	if i := strings.Index(host, ".s3."); i > 0 { // bucket names may hold dots
		return host[:i]
	}
	if parent == "localhost" || strings.HasSuffix(parent, ".localhost") || parent == "host.docker.internal" {
		return bucket
	}
	return ""
}

// digits: an IPv4 address.
func digits(host string) bool { return strings.Trim(host, "0123456789.") == "" }
