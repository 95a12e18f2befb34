package durable

import (
	crand "crypto/rand"
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// This file is the only place where the SDK reads the outside: the time, randomness, fresh tokens. Nothing recorded
// depends on the clock; it schedules polls and dates signatures. Jitter is drawn before a delay is recorded.

func now() time.Time { return time.Now() }

// random is uniform in [0, 1).
func random() float64 { return rand.Float64() }

// clientToken identifies one checkpoint call over all its transport attempts.
func clientToken() string {
	var b [16]byte
	_, _ = crand.Read(b[:]) // never fails: it ends the process instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
