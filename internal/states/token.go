package states

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// A task token is the execution's id and the task's key, with a checksum that tells garbage from the tokens of tasks that
// are over. Keys are new for each attempt, so that a token is good for one.

func makeToken(id store.ID, key string) string {
	b := append([]byte(id), 0)
	b = append(b, key...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return "AQ" + base64.RawURLEncoding.EncodeToString(b)
}

func readToken(token string) (id store.ID, key string, err error) {
	bad := api.Errorf("InvalidToken", "Invalid Token: 'Invalid token'")
	text, ok := strings.CutPrefix(token, "AQ")
	if !ok {
		return "", "", bad
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 5 || crc32.ChecksumIEEE(b[:len(b)-4]) != binary.BigEndian.Uint32(b[len(b)-4:]) {
		return "", "", bad
	}
	entity, key, ok := strings.Cut(string(b[:len(b)-4]), "\x00")
	if !ok || entity == "" || entity[0] != kindStandard && entity[0] != kindExpress {
		return "", "", bad
	}
	return store.ID(entity), key, nil
}

// tokenAccount tells which account an execution's token belongs to.
func tokenAccount(id store.ID) string {
	parts := strings.SplitN(string(id), "/", 4)
	if len(parts) < 4 {
		return ""
	}
	return parts[2]
}
