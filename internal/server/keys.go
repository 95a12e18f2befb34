package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/support/sts"
)

// keys knows the configured credentials and makes temporary ones that need not be kept: a session token says who it is
// for and until when, and is authenticated with a key that only this server has.
type keys struct {
	account string
	static  map[string]string // access key -> secret
	master  []byte
	now     func() time.Time // wall clock
}

// loadMaster reads the server's own key from a file, making it at the first start. Without a path it lives for one run.
func loadMaster(path string) ([]byte, error) {
	if path != "" {
		key, err := os.ReadFile(path)
		if err == nil && len(key) == 32 {
			return key, nil
		}
		if err == nil {
			return nil, fmt.Errorf("%s should hold 32 bytes and holds %d; delete it to have a new one made", path, len(key))
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	key := make([]byte, 32)
	rand.Read(key)
	if path == "" {
		return key, nil
	}
	return key, os.WriteFile(path, key, 0o600)
}

func (k *keys) mac(parts ...string) []byte {
	m := hmac.New(sha256.New, k.master)
	for _, p := range parts {
		m.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return m.Sum(nil)
}

// issue makes credentials for an identity "role/NAME/SESSION". The access key depends on account and role alone, because
// tools remember the account of a key. d 0 means for ever.
func (k *keys) issue(account, identity string, d time.Duration) sts.Credentials {
	role, _, _ := strings.Cut(strings.TrimPrefix(identity, "role/"), "/")
	c := sts.Credentials{AccessKeyID: "ASIA" + base32.StdEncoding.EncodeToString(k.mac("key", account, role))[:16]}
	expires := "0"
	if d > 0 {
		c.Expires = k.now().Add(d)
		expires = strconv.FormatInt(c.Expires.Unix(), 10)
	}
	claim := account + "|" + expires + "|" + identity
	c.SessionToken = encode(append(k.mac("token", c.AccessKeyID, claim), claim...))
	c.SecretAccessKey = k.secret(c.AccessKeyID, c.SessionToken)
	return c
}

func (k *keys) secret(key, token string) string { return encode(k.mac("secret", key, token))[:40] }

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// open checks a session token.
func (k *keys) open(key, token string) (account, identity string, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(raw) < sha256.Size {
		return "", "", false
	}
	claim := string(raw[sha256.Size:])
	if !hmac.Equal(raw[:sha256.Size], k.mac("token", key, claim)) {
		return "", "", false
	}
	account, rest, _ := strings.Cut(claim, "|")
	expires, identity, _ := strings.Cut(rest, "|")
	at, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || at != 0 && k.now().Unix() > at {
		return "", "", false
	}
	return account, identity, true
}

// lookup is wire.Secrets.
func (k *keys) lookup(key, token string) (secret, account string, ok bool) {
	if token == "" {
		secret, ok = k.static[key]
		return secret, k.account, ok
	}
	account, _, ok = k.open(key, token)
	return k.secret(key, token), account, ok
}

// identity is who an access key was issued for, or empty.
func (k *keys) identity(key, token string) string {
	_, id, _ := k.open(key, token)
	return id
}
