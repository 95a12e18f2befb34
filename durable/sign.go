package durable

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
	"sync"
	"time"
)

// signer signs requests with AWS Signature Version 4. The hash with the
// derived key is kept for the day it is valid.
type signer struct {
	region, service, key, secret, session string

	mu      sync.Mutex
	day     string
	derived hash.Hash
}

// escape percent-encodes everything but the unreserved characters of RFC 3986, as the signature wants it.
func escape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s) + 32)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}

// signedPath is an escaped path as the signature has it: services other than S3 sign it escaped a second time, segment
// by segment.
func signedPath(path string) string {
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = escape(segments[i])
	}
	return strings.Join(segments, "/")
}

// sign adds the authorization headers. path is the request's signedPath, its query is sorted and escaped.
func (s *signer) sign(req *http.Request, path string, body []byte, at time.Time) {
	stamp := at.UTC().Format("20060102T150405Z")
	day := stamp[:len("20060102")]
	req.Header.Set("X-Amz-Date", stamp)
	if s.session != "" {
		req.Header.Set("X-Amz-Security-Token", s.session)
	}
	scope := day + "/" + s.region + "/" + s.service + "/aws4_request"
	text, names := s.canonical(req, path, stamp, body)
	request := sha256.Sum256(text)
	text = append(append(append(text[:0], "AWS4-HMAC-SHA256\n"...), stamp...), '\n')
	text = hex.AppendEncode(append(append(text, scope...), '\n'), request[:])
	signature := s.mac(day, text)
	text = append(append(append(text[:0], "AWS4-HMAC-SHA256 Credential="...), s.key...), '/')
	text = append(append(append(text, scope...), ", SignedHeaders="...), names...)
	text = hex.AppendEncode(append(text, ", Signature="...), signature[:])
	req.Header.Set("Authorization", string(text))
}

// canonical is the text whose hash is signed, and the names of the headers in it, which stand in alphabetical order.
func (s *signer) canonical(req *http.Request, path, stamp string, body []byte) (text []byte, names string) {
	names = "host;x-amz-date"
	text = make([]byte, 0, 1024+len(path)+len(req.URL.RawQuery)+len(s.session))
	for _, part := range [...]string{req.Method, "\n", path, "\n", req.URL.RawQuery, "\n"} {
		text = append(text, part...)
	}
	header := func(name, value string) {
		text = append(append(append(append(text, name...), ':'), value...), '\n')
	}
	if t := req.Header.Get("Content-Type"); t != "" {
		names = "content-type;host;x-amz-date"
		header("content-type", t)
	}
	header("host", req.URL.Host)
	header("x-amz-date", stamp)
	if s.session != "" {
		names += ";x-amz-security-token"
		header("x-amz-security-token", s.session)
	}
	hash := sha256.Sum256(body)
	text = append(append(append(text, '\n'), names...), '\n')
	return hex.AppendEncode(text, hash[:]), names
}

// mac is the signature of a text by the key of the day. A hash that was reset has its key's blocks behind it already.
func (s *signer) mac(day string, text []byte) (sum [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day != day {
		s.derived = hmac.New(sha256.New, hashed(hashed(hashed(hashed([]byte("AWS4"+s.secret), day), s.region), s.service), "aws4_request"))
		s.day = day
	}
	s.derived.Reset()
	s.derived.Write(text)
	s.derived.Sum(sum[:0])
	return sum
}

func hashed(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
