package durable

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"
)

// signer signs requests with AWS Signature Version 4. The derived key is kept for the day it is valid.
type signer struct {
	region, service, key, secret, session string

	mu      sync.Mutex
	day     string
	derived []byte
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

// sign adds the authorization headers. The request's path is escaped already, its query sorted and escaped.
func (s *signer) sign(req *http.Request, body []byte, at time.Time) {
	at = at.UTC()
	stamp, day := at.Format("20060102T150405Z"), at.Format("20060102")
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	headers := [][2]string{{"host", req.URL.Host}, {"x-amz-date", stamp}}
	req.Header.Set("X-Amz-Date", stamp)
	if s.session != "" {
		req.Header.Set("X-Amz-Security-Token", s.session)
		headers = append(headers, [2]string{"x-amz-security-token", s.session})
	}
	if t := req.Header.Get("Content-Type"); t != "" {
		headers = append([][2]string{{"content-type", t}}, headers...)
	}
	var canonical, names strings.Builder
	// Services other than S3 sign the path escaped a second time, segment by segment.
	segments := strings.Split(req.URL.EscapedPath(), "/")
	for i := range segments {
		segments[i] = escape(segments[i])
	}
	canonical.WriteString(req.Method + "\n" + strings.Join(segments, "/") + "\n" + req.URL.RawQuery + "\n")
	for i, h := range headers {
		canonical.WriteString(h[0] + ":" + h[1] + "\n")
		if i > 0 {
			names.WriteByte(';')
		}
		names.WriteString(h[0])
	}
	canonical.WriteString("\n" + names.String() + "\n" + hash)
	request := sha256.Sum256([]byte(canonical.String()))
	scope := day + "/" + s.region + "/" + s.service + "/aws4_request"
	text := "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + hex.EncodeToString(request[:])
	signature := hex.EncodeToString(mac(s.keyOf(day), text))
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.key+"/"+scope+", SignedHeaders="+names.String()+", Signature="+signature)
}

func (s *signer) keyOf(day string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day != day {
		s.derived = mac(mac(mac(mac([]byte("AWS4"+s.secret), day), s.region), s.service), "aws4_request")
		s.day = day
	}
	return s.derived
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
