package jsonata

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// JavaScript maps a string to upper or lower case by Unicode's full mapping: some characters become several.

// expanding are the characters whose upper case is longer than one, and expanded what they become, in the same order.
const (
	expanding = "ßŉǰΐΰևẖẗẘẙẚὐὒὔὖᾀᾁᾂᾃᾄᾅᾆᾇᾈᾉᾊᾋᾌᾍᾎᾏᾐᾑᾒᾓᾔᾕᾖᾗᾘᾙᾚᾛᾜᾝᾞᾟᾠᾡᾢᾣᾤᾥᾦᾧᾨᾩᾪᾫᾬᾭᾮᾯᾲᾳᾴᾶᾷᾼῂ" +
		"ῃῄῆῇῌῒΐῖῗῢΰῤῦῧῲῳῴῶῷῼﬀﬁﬂﬃﬄﬅﬆﬓﬔﬕﬖﬗ"
	expanded = "SS ʼN J̌ Ϊ́ Ϋ́ ԵՒ H̱ T̈ W̊ Y̊ Aʾ Υ̓ Υ̓̀ Υ̓́ Υ̓͂ ἈΙ ἉΙ ἊΙ ἋΙ ἌΙ ἍΙ ἎΙ" +
		" ἏΙ ἈΙ ἉΙ ἊΙ ἋΙ ἌΙ ἍΙ ἎΙ ἏΙ ἨΙ ἩΙ ἪΙ ἫΙ ἬΙ ἭΙ ἮΙ ἯΙ ἨΙ ἩΙ ἪΙ ἫΙ ἬΙ ἭΙ" +
		" ἮΙ ἯΙ ὨΙ ὩΙ ὪΙ ὫΙ ὬΙ ὭΙ ὮΙ ὯΙ ὨΙ ὩΙ ὪΙ ὫΙ ὬΙ ὭΙ ὮΙ ὯΙ ᾺΙ ΑΙ ΆΙ Α͂ Α͂Ι" +
		" ΑΙ ῊΙ ΗΙ ΉΙ Η͂ Η͂Ι ΗΙ Ϊ̀ Ϊ́ Ι͂ Ϊ͂ Ϋ̀ Ϋ́ Ρ̓ Υ͂ Ϋ͂ ῺΙ ΩΙ ΏΙ Ω͂" +
		" Ω͂Ι ΩΙ FF FI FL FFI FFL ST ST ՄՆ ՄԵ ՄԻ ՎՆ ՄԽ"
)

var upperSpecial = func() map[rune]string {
	m := map[rune]string{}
	words := strings.Fields(expanded)
	i := 0
	for _, r := range expanding {
		m[r] = words[i]
		i++
	}
	return m
}()

func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch special, ok := upperSpecial[r]; {
		case r == utf8.RuneError && size == 1:
			b.WriteByte(s[i])
		case ok:
			b.WriteString(special)
		default:
			b.WriteRune(unicode.ToUpper(r))
		}
		i += size
	}
	return b.String()
}

func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s) + 8)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteByte(s[i])
		case r == 'İ':
			b.WriteString("i̇")
		case r == 'Σ' && finalSigma(s, i, i+size):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		i += size
	}
	return b.String()
}

// finalSigma reports whether the letters around say that a capital sigma ends a word.
func finalSigma(s string, from, to int) bool {
	before := false
	for rest := s[:from]; rest != ""; {
		r, size := utf8.DecodeLastRuneInString(rest)
		if !caseIgnorable(r) {
			before = isCased(r)
			break
		}
		rest = rest[:len(rest)-size]
	}
	if !before {
		return false
	}
	for _, r := range s[to:] {
		if !caseIgnorable(r) {
			return !isCased(r)
		}
	}
	return true
}

func isCased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func caseIgnorable(r rune) bool {
	return strings.ContainsRune("'.:·’‧︓﹕．：", r) || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}
