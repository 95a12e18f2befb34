package asl

import (
	"strings"
	"unicode"
)

// validName tells whether a name of a label or resource has only characters that AWS takes (spec section 0.1).
func validName(s string) bool {
	for _, r := range s {
		if unicode.IsSpace(r) || r < 0x20 || r >= 0x7f && r <= 0x9f || strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r) {
			return false
		}
	}
	return true
}

// validVariable tells whether s can name a variable: an identifier of at most 80 characters other than "states".
func validVariable(s string) bool {
	if s == "" || s == "states" || runes(s) > 80 {
		return false
	}
	for i, r := range s {
		letter := unicode.IsLetter(r) || r == '_' || unicode.Is(unicode.Nl, r)
		if !letter && (i == 0 || !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Mc, r) && !unicode.Is(unicode.Pc, r)) {
			return false
		}
	}
	return true
}
