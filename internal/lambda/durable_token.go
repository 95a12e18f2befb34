package lambda

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// A checkpoint token is standard base64 of: the execution's UUID (16 bytes), the nonce of the invocation (8 bytes), the
// number of checkpoints accepted with that nonce (varint). It is valid while it names the running execution's current
// invocation and number (section 4.2); nothing else has to be looked up.
type token struct {
	execution string // UUID
	nonce     string // 16 hex digits
	seq       uint64
}

// The prefix is what the SDKs look for: with it they let the invocation fail and be repeated, without it they fail the
// execution.
var (
	errToken       = api.Errorf("InvalidParameterValueException", "Invalid Checkpoint Token")
	errTokenOfElse = api.Errorf("InvalidParameterValueException", "Checkpoint token is not valid for the durable execution ARN")
)

func (t token) String() string {
	b := make([]byte, 0, 34)
	b = append(b, unhex(t.execution)...)
	b = append(b, unhex(t.nonce)...)
	return base64.StdEncoding.EncodeToString(binary.AppendUvarint(b, t.seq))
}

// unhex reads hex digits and leaves out the hyphens of a UUID.
func unhex(s string) []byte {
	b, _ := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	return b
}

func parseToken(s string) (t token, ok bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) < 25 {
		return t, false
	}
	seq, n := binary.Uvarint(b[24:])
	if n <= 0 || 24+n != len(b) {
		return t, false
	}
	u := hex.EncodeToString(b[:16])
	t.execution = u[:8] + "-" + u[8:12] + "-" + u[12:16] + "-" + u[16:20] + "-" + u[20:]
	t.nonce, t.seq = hex.EncodeToString(b[16:24]), seq
	return t, true
}

// token is the token that is valid now.
func (x *execution) token() token { return token{x.ID, x.run.Nonce, x.run.Seq} }

// give makes the text of the token that is valid now.
func (x *execution) give() string {
	x.text = x.token().String()
	return x.text
}

// checkToken tells whether a token is the current one.
func (x *execution) checkToken(s string) (t token, err error) {
	if s == x.text && x.run.Flying && x.run.Nonce != "" {
		return x.token(), nil
	}
	t, ok := parseToken(s)
	switch {
	case !ok:
		return t, errToken
	case t.execution != x.ID:
		return t, errTokenOfElse
	case x.closed() || !x.run.Flying || t.nonce != x.run.Nonce || t.seq != x.run.Seq:
		return t, errToken
	}
	return t, nil
}

// newNonce makes one out of a UUID's random digits.
func newNonce(uuid string) string {
	h := strings.ReplaceAll(uuid, "-", "")
	return h[:12] + h[len(h)-4:]
}

// A callback id is standard base64 of: the operation's index (varint), a nonce (8 bytes), the entity's id. The operation
// keeps the whole id, so a forged one, or one of an execution whose name was used again, matches nothing.
func callbackID(id store.ID, index int, nonce string) string {
	b := binary.AppendUvarint(nil, uint64(index))
	b = append(b, unhex(nonce)...)
	return base64.StdEncoding.EncodeToString(append(b, id...))
}

func parseCallbackID(s string) (id store.ID, index int, ok bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(s) > 1024 {
		return "", 0, false
	}
	i, n := binary.Uvarint(b)
	if n <= 0 || i > 1<<31 || len(b) < n+8+2 {
		return "", 0, false
	}
	id = store.ID(b[n+8:])
	if id.Kind() != DurableKind || strings.Count(string(id), "/") != 4 {
		return "", 0, false
	}
	return id, int(i), true
}
