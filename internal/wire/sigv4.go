package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/perdure/perdure/internal/api"
)

const (
	amzTime       = "20060102T150405Z"
	maxSkew       = 15 * time.Minute
	maxPresigned  = 7 * 24 * time.Hour
	unsignedBody  = "UNSIGNED-PAYLOAD"
	streamingBody = "STREAMING-"
)

// verify checks a signature (AWS Signature Version 4). payload is the hash as the canonical request has it: of the body,
// or what x-amz-content-sha256 claims; whoever passes a claim checks the body against it later.
func (h *Handler) verify(req *http.Request, c *credential, secret string, s3 bool, payload string) *api.Error {
	date, err := h.signingTime(req, c)
	if err != nil {
		return err
	}
	if !signs(c.signed, "host") || req.Header.Get("X-Amz-Target") != "" && !signs(c.signed, "x-amz-target") {
		return mismatch()
	}
	canonical := canonicalRequest(req, c, s3, payload)
	key := h.keys.get(secret, c)
	want := hmac256(key[:], stringToSign(date, c.scope(), canonical))
	got, bad := hex.DecodeString(c.signature)
	if bad != nil || subtle.ConstantTimeCompare(want, got) != 1 {
		return mismatch()
	}
	return nil
}

func stringToSign(date, scope, canonical string) string {
	return algorithm + "\n" + date + "\n" + scope + "\n" + hashHex([]byte(canonical))
}

// signingTime checks the time that the request was signed at against the wall clock and the scope's date.
func (h *Handler) signingTime(req *http.Request, c *credential) (string, *api.Error) {
	date, now := req.Header.Get("X-Amz-Date"), h.cfg.Now().UTC()
	lifetime := maxSkew
	if c.presigned {
		q := req.URL.Query()
		date = q.Get("X-Amz-Date")
		seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
		if lifetime = time.Duration(seconds) * time.Second; err != nil || seconds < 1 || lifetime > maxPresigned {
			return "", denied("AuthorizationQueryParametersError", "X-Amz-Expires must be between 1 and 604800 seconds")
		}
	} else if date == "" {
		if t, err := http.ParseTime(req.Header.Get("Date")); err == nil {
			date = t.UTC().Format(amzTime)
		}
	}
	t, err := time.Parse(amzTime, date)
	if err != nil {
		return "", incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if !strings.HasPrefix(date, c.date) {
		return "", incomplete("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'", c.date, date[:8])
	}
	if now.Sub(t) > lifetime {
		return "", skewed("Signature expired: %s is now earlier than %s (%s - %s)", date, now.Add(-lifetime).Format(amzTime), now.Format(amzTime), span(lifetime))
	}
	if t.Sub(now) > maxSkew {
		return "", skewed("Signature not yet current: %s is still later than %s (%s + %s)", date, now.Add(maxSkew).Format(amzTime), now.Format(amzTime), span(maxSkew))
	}
	return date, nil
}

func span(d time.Duration) string { return strconv.Itoa(int(d/time.Minute)) + " min." }

// canonicalRequest is the text both sides hash. S3 signs the path as it was sent; the other services escape it again.
func canonicalRequest(req *http.Request, c *credential, s3 bool, payload string) string {
	var b strings.Builder
	b.Grow(512)
	b.WriteString(req.Method)
	b.WriteByte('\n')
	path := sentPath(req)
	if s3 {
		b.WriteString(path)
	} else {
		escape(&b, path, true)
	}
	b.WriteByte('\n')
	canonicalQuery(&b, req.URL.RawQuery)
	b.WriteByte('\n')
	for name := range strings.SplitSeq(c.signed, ";") {
		b.WriteString(name)
		b.WriteByte(':')
		headerValue(&b, req, name)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.WriteString(c.signed)
	b.WriteByte('\n')
	b.WriteString(payload)
	return b.String()
}

// sentPath is the path exactly as it came, which is what was signed.
func sentPath(req *http.Request) string {
	path, _, _ := strings.Cut(req.RequestURI, "?")
	if !strings.HasPrefix(path, "/") {
		path = req.URL.EscapedPath()
	}
	if path == "" {
		return "/"
	}
	return path
}

func canonicalQuery(b *strings.Builder, raw string) {
	if raw == "" {
		return
	}
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if pair == "" || key == "X-Amz-Signature" {
			continue
		}
		var p strings.Builder
		escape(&p, unescape(key), false)
		p.WriteByte('=')
		escape(&p, unescape(value), false)
		pairs = append(pairs, p.String())
	}
	// By key, then by value: "=" sorts before every character that an escaped key can go on with, except "-", "." and the
	// digits, so the two halves are compared one after the other.
	slices.SortFunc(pairs, func(x, y string) int {
		xk, xv, _ := strings.Cut(x, "=")
		yk, yv, _ := strings.Cut(y, "=")
		if c := strings.Compare(xk, yk); c != 0 {
			return c
		}
		return strings.Compare(xv, yv)
	})
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p)
	}
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// headerValue writes a signed header's values: trimmed, runs of spaces made one, several joined by commas.
func headerValue(b *strings.Builder, req *http.Request, name string) {
	values := req.Header[http.CanonicalHeaderKey(name)]
	switch {
	case name == "host":
		values = []string{req.Host}
	case name == "content-length" && len(values) == 0:
		values = []string{strconv.FormatInt(req.ContentLength, 10)}
	}
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		space := false
		for _, c := range []byte(strings.TrimSpace(v)) {
			if c == ' ' && space {
				continue
			}
			space = c == ' '
			b.WriteByte(c)
		}
	}
}

// escape percent-encodes all but RFC 3986's unreserved characters, and "/" if the text is a path.
func escape(b *strings.Builder, s string, path bool) {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '-' || c == '_' || c == '.' || c == '~' || c == '/' && path {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
}

// signs reports whether name is in a list joined by ";".
func signs(list, name string) bool {
	for n := range strings.SplitSeq(list, ";") {
		if n == name {
			return true
		}
	}
	return false
}

// keyCache keeps derived signing keys: four HMACs saved a request. Keys are per day, so the cache is emptied when full.
type keyCache struct {
	mu   sync.Mutex
	keys map[string][sha256.Size]byte
}

func (k *keyCache) get(secret string, c *credential) [sha256.Size]byte {
	name := secret + "\x00" + c.scope()
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[name]
	if !ok {
		if k.keys == nil || len(k.keys) >= 1024 {
			k.keys = map[string][sha256.Size]byte{}
		}
		key = signingKey(secret, c)
		k.keys[name] = key
	}
	return key
}

func signingKey(secret string, c *credential) (key [sha256.Size]byte) {
	k := hmac256([]byte("AWS4"+secret), c.date)
	k = hmac256(k, c.region)
	k = hmac256(k, c.service)
	copy(key[:], hmac256(k, "aws4_request"))
	return key
}

func hmac256(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func hashHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
