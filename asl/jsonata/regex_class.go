package jsonata

import "unicode"

// charSet is a set of UTF-16 units: those beyond ASCII as ranges, those within as bits that already take case and
// negation into account.
type charSet struct {
	ranges []uint16 // pairs
	negate bool
	fold   bool
	ascii  [2]uint64
}

func (s *charSet) add(lo, hi uint16) { s.ranges = append(s.ranges, lo, hi) }

func (s *charSet) raw(c uint16) bool {
	for i := 0; i < len(s.ranges); i += 2 {
		if c >= s.ranges[i] && c <= s.ranges[i+1] {
			return true
		}
	}
	return false
}

// slow looks a unit up without the bits.
func (s *charSet) slow(c uint16) bool {
	in := s.raw(c)
	if !in && s.fold {
		want := canonical(c)
		for r := unicode.SimpleFold(rune(c)); r != rune(c) && !in; r = unicode.SimpleFold(r) {
			in = r <= 0xffff && canonical(uint16(r)) == want && s.raw(uint16(r))
		}
	}
	return in != s.negate
}

func (s *charSet) has(c uint16) bool {
	if c < 128 {
		return s.ascii[c>>6]>>(c&63)&1 != 0
	}
	return s.slow(c)
}

func (s *charSet) freeze() {
	for c := range uint16(128) {
		if s.slow(c) {
			s.ascii[c>>6] |= 1 << (c & 63)
		}
	}
}

var (
	digitRanges = []uint16{'0', '9'}
	wordRanges  = []uint16{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}
	spaceRanges = []uint16{'\t', '\r', ' ', ' ', 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f,
		0x205f, 0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff}
)

// escapeRanges are the ranges of \d, \D, \w, \W, \s and \S.
func escapeRanges(c uint16) []uint16 {
	switch c {
	case 'd':
		return digitRanges
	case 'w':
		return wordRanges
	case 's':
		return spaceRanges
	case 'D':
		return complement(digitRanges)
	case 'W':
		return complement(wordRanges)
	case 'S':
		return complement(spaceRanges)
	}
	return nil
}

func complement(ranges []uint16) []uint16 {
	var out []uint16
	next := 0
	for i := 0; i < len(ranges); i += 2 {
		if int(ranges[i]) > next {
			out = append(out, uint16(next), ranges[i]-1)
		}
		next = int(ranges[i+1]) + 1
	}
	if next <= 0xffff {
		out = append(out, uint16(next), 0xffff)
	}
	return out
}

func (p *regexParser) set(s *charSet) {
	s.fold = p.re.fold
	s.freeze()
	p.re.sets = append(p.re.sets, s)
	p.emit(inst{op: opSet, x: len(p.re.sets) - 1})
}

// class compiles what follows an opening bracket.
func (p *regexParser) class() {
	s := &charSet{negate: p.eat('^')}
	for {
		if !p.more() {
			p.fail("Unterminated character class")
			return
		}
		if p.eat(']') {
			break
		}
		lo, set := p.classAtom()
		s.ranges = append(s.ranges, set...)
		if !p.looking('-') || p.i+1 >= len(p.src) || p.src[p.i+1] == ']' {
			if set == nil {
				s.add(lo, lo)
			}
			continue
		}
		p.i++
		hi, other := p.classAtom()
		switch {
		case set != nil || other != nil: // a dash next to a class is a dash
			s.ranges = append(s.ranges, other...)
			s.add('-', '-')
			if set == nil {
				s.add(lo, lo)
			}
			if other == nil {
				s.add(hi, hi)
			}
		case lo > hi:
			p.fail("Range out of order in character class")
		default:
			s.add(lo, hi)
		}
	}
	p.set(s)
}

// classAtom reads one character or one escaped class inside brackets.
func (p *regexParser) classAtom() (uint16, []uint16) {
	c := p.src[p.i]
	p.i++
	if c != '\\' || !p.more() {
		return c, nil
	}
	c = p.src[p.i]
	p.i++
	if r := escapeRanges(c); r != nil {
		return 0, r
	}
	if c == 'b' {
		return 8, nil
	}
	return p.escapedChar(c, true), nil
}

// escapedChar is the character an escape stands for; c follows the backslash and has been read.
func (p *regexParser) escapedChar(c uint16, class bool) uint16 {
	switch c {
	case 't':
		return '\t'
	case 'n':
		return '\n'
	case 'v':
		return '\v'
	case 'f':
		return '\f'
	case 'r':
		return '\r'
	case 'x':
		return p.hex(2, c)
	case 'u':
		return p.hex(4, c)
	case 'c':
		if p.more() {
			if l := p.src[p.i]; l >= 'A' && l <= 'Z' || l >= 'a' && l <= 'z' || class && (l >= '0' && l <= '9' || l == '_') {
				p.i++
				return l & 31
			}
		}
		p.i--
		return '\\'
	}
	if c >= '0' && c <= '7' { // octal
		n := c - '0'
		for k := 0; k < 2 && p.more() && p.src[p.i] >= '0' && p.src[p.i] <= '7' && n*8+p.src[p.i]-'0' <= 0xff; k++ {
			n = n*8 + p.src[p.i] - '0'
			p.i++
		}
		return n
	}
	return c
}

func (p *regexParser) hex(n int, c uint16) uint16 {
	if p.i+n > len(p.src) {
		return c
	}
	var out uint16
	for _, u := range p.src[p.i : p.i+n] {
		d, ok := unhex(byte(u))
		if !ok || u > 0x7f {
			return c
		}
		out = out<<4 | uint16(d)
	}
	p.i += n
	return out
}

// escape compiles what follows a backslash outside brackets; it reports whether that is an assertion.
func (p *regexParser) escape() bool {
	if !p.more() {
		p.fail(`\ at end of pattern`)
		return true
	}
	c := p.src[p.i]
	p.i++
	if r := escapeRanges(c); r != nil {
		p.set(&charSet{ranges: r})
		return false
	}
	switch {
	case c == 'b':
		p.emit(inst{op: opWord})
		return true
	case c == 'B':
		p.emit(inst{op: opNotWord})
		return true
	case c == 'k' && len(p.re.names) > 0:
		from := p.i
		for p.more() && !p.looking('>') {
			p.i++
		}
		name := fromUnits(p.src[from:min(p.i, len(p.src))])
		n, ok := p.re.names[name[min(1, len(name)):]]
		if !ok || !p.eat('>') {
			p.fail("Invalid named reference")
			return true
		}
		p.emit(inst{op: opBack, x: n})
		return false
	case c >= '1' && c <= '9':
		at, n := p.i, int(c-'0')
		for at < len(p.src) && p.src[at] >= '0' && p.src[at] <= '9' && n < 1000 {
			n = n*10 + int(p.src[at]-'0')
			at++
		}
		if n <= p.total {
			p.i = at
			p.emit(inst{op: opBack, x: n})
			return false
		}
	}
	p.char(p.escapedChar(c, false))
	return false
}
