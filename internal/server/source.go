package server

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
)

// newID is a random UUID (version 4). Task tokens and execution names are made of these, so the source is the
// cryptographic one.
func newID() string {
	var u [16]byte
	rand.Read(u[:]) // never fails: the runtime ends the process instead
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[:8], u[:4])
	hex.Encode(s[9:13], u[4:6])
	hex.Encode(s[14:18], u[6:8])
	hex.Encode(s[19:23], u[8:10])
	hex.Encode(s[24:], u[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// random is for jitter and weights, which nobody gains from guessing.
func random() float64 { return mathrand.Float64() }
