package jsonata

import (
	"strconv"
	"unicode"
)

// regex is a compiled regular expression with JavaScript's meaning: it works on UTF-16 units, tries alternatives in
// order and backtracks, and knows look-around and back references, which Go's package does not.
type regex struct {
	source string
	prog   []inst
	sets   []*charSet
	groups int // capturing groups, the whole match not counted
	marks  int // positions remembered to stop loops that match nothing
	fold   bool
	names  map[string]int
}

type opcode uint8

const (
	opChar  opcode = iota
	opAny          // but line ends
	opSet          // x: which
	opSplit        // x first, then y
	opJump         // x
	opSave         // x: slot
	opReset        // captures x to y are forgotten
	opMark         // x: remember the position
	opMoved        // x: fail unless the position moved since
	opStart        // ^
	opEnd          // $
	opStartLine
	opEndLine
	opWord    // \b
	opNotWord // \B
	opBack    // x: group
	opLook    // x: after the look-around; y: 1 negative
	opRun     // the next instruction x to y times (y < 0: any number), as often as possible
	opMatch
)

// inst is one instruction. Inside a look-behind, back makes it step to the left.
type inst struct {
	op   opcode
	back bool
	x, y int
}

// maxProgram bounds the instructions of one regular expression.
const maxProgram = 20_000

// regexParser compiles in one pass; what a quantifier repeats is compiled again for every copy.
type regexParser struct {
	src       []uint16
	i         int
	re        *regex
	multiline bool
	back      bool
	depth     int
	total     int // groups in the whole source
	bad       string
}

// compileRegex compiles; reason tells what is wrong with the pattern.
func compileRegex(pattern, flags string) (re *regex, reason string) {
	re = &regex{source: pattern, names: map[string]int{}}
	p := &regexParser{src: toUnits(pattern), re: re}
	for _, f := range flags {
		re.fold = re.fold || f == 'i'
		p.multiline = p.multiline || f == 'm'
	}
	p.countGroups()
	p.emit(inst{op: opSave, x: 0})
	p.alternatives()
	if p.bad == "" && p.i < len(p.src) {
		p.bad = "Unmatched ')'"
	}
	p.emit(inst{op: opSave, x: 1})
	p.emit(inst{op: opMatch})
	if p.bad != "" {
		return nil, p.bad
	}
	return re, ""
}

// countGroups finds the capturing groups ahead of time: a back reference may precede its group.
func (p *regexParser) countGroups() {
	class := false
	for i := 0; i < len(p.src); i++ {
		switch c := p.src[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '(' && !class:
			if i+1 < len(p.src) && p.src[i+1] == '?' {
				if i+3 >= len(p.src) || p.src[i+2] != '<' || p.src[i+3] == '=' || p.src[i+3] == '!' {
					continue
				}
				name := ""
				for j := i + 3; j < len(p.src) && p.src[j] != '>'; j++ {
					name += string(rune(p.src[j]))
				}
				p.re.names[name] = p.total + 1
			}
			p.total++
		}
	}
}

func (p *regexParser) fail(reason string) {
	if p.bad == "" {
		p.bad = reason
	}
	p.i = len(p.src)
}

func (p *regexParser) emit(in inst) int {
	in.back = p.back
	if len(p.re.prog) >= maxProgram {
		p.fail("the expression is too large")
		return 0
	}
	p.re.prog = append(p.re.prog, in)
	return len(p.re.prog) - 1
}

func (p *regexParser) more() bool { return p.i < len(p.src) && p.bad == "" }

func (p *regexParser) looking(c byte) bool { return p.more() && p.src[p.i] == uint16(c) }

func (p *regexParser) eat(c byte) bool {
	if p.looking(c) {
		p.i++
		return true
	}
	return false
}

// alternatives compiles a|b|c up to the closing parenthesis.
func (p *regexParser) alternatives() {
	if p.depth++; p.depth > 100 {
		p.fail("groups are nested too deep")
	}
	defer func() { p.depth-- }()
	var ends []int
	for {
		start := len(p.re.prog)
		p.sequence()
		if !p.eat('|') {
			break
		}
		p.insert(start, inst{op: opSplit, x: start + 1, y: len(p.re.prog) + 2})
		ends = append(ends, p.emit(inst{op: opJump}))
	}
	for _, at := range ends {
		if at < len(p.re.prog) {
			p.re.prog[at].x = len(p.re.prog)
		}
	}
}

// insert puts an instruction before those from at on, which move by one.
func (p *regexParser) insert(at int, in inst) {
	p.emit(inst{})
	if p.bad != "" {
		return
	}
	in.back = p.back
	prog := p.re.prog
	copy(prog[at+1:], prog[at:])
	prog[at] = in
	for i := at + 1; i < len(prog); i++ {
		shift(&prog[i], at, 1)
	}
}

// shift moves the jump targets of an instruction that lie at or behind from.
func shift(in *inst, from, by int) {
	switch in.op {
	case opSplit:
		if in.y >= from {
			in.y += by
		}
		fallthrough
	case opJump, opLook:
		if in.x >= from {
			in.x += by
		}
	}
}

// sequence compiles terms one after the other; in a look-behind the last comes first.
func (p *regexParser) sequence() {
	start := len(p.re.prog)
	for p.more() && !p.looking('|') && !p.looking(')') {
		at := len(p.re.prog)
		p.term()
		if p.back && p.bad == "" {
			p.rotate(start, at)
		}
	}
}

// rotate moves the instructions from at on in front of those from start on.
func (p *regexParser) rotate(start, at int) {
	prog := p.re.prog
	n, m := at-start, len(prog)-at
	if n == 0 || m == 0 {
		return
	}
	moved := append([]inst(nil), prog[at:]...)
	for i := range moved {
		shift(&moved[i], at, -n)
	}
	kept := append([]inst(nil), prog[start:at]...)
	for i := range kept {
		shift(&kept[i], start, m)
	}
	copy(prog[start:], moved)
	copy(prog[start+m:], kept)
}

// term compiles one assertion or one atom with its quantifier.
func (p *regexParser) term() {
	start, group := len(p.re.prog), p.re.groups
	c := p.src[p.i]
	p.i++
	switch c {
	case '^':
		p.assertion(opStart, opStartLine)
		return
	case '$':
		p.assertion(opEnd, opEndLine)
		return
	case '(':
		if p.group() {
			return // a look-behind cannot be repeated
		}
	case '.':
		p.emit(inst{op: opAny})
	case '[':
		p.class()
	case '\\':
		if p.escape() {
			return
		}
	case '*', '+', '?':
		p.fail("Nothing to repeat")
		return
	case '{':
		p.i--
		if _, _, ok := p.braces(); ok {
			p.fail("Nothing to repeat")
			return
		}
		p.i++
		p.char(c)
	default:
		p.char(c)
	}
	p.quantifier(start, group)
}

func (p *regexParser) assertion(op, multiline opcode) {
	if p.multiline {
		op = multiline
	}
	p.emit(inst{op: op})
}

func (p *regexParser) char(c uint16) {
	if p.re.fold {
		c = canonical(c)
	}
	p.emit(inst{op: opChar, x: int(c)})
}

// canonical is how a unit compares when case does not matter.
func canonical(c uint16) uint16 {
	if c < 0x80 {
		if c >= 'a' && c <= 'z' {
			return c - 32
		}
		return c
	}
	if c >= 0xd800 && c < 0xe000 {
		return c
	}
	up := unicode.ToUpper(rune(c))
	if up < 0x80 || up > 0xffff {
		return c
	}
	return uint16(up)
}

// group compiles what follows an opening parenthesis; it reports whether that is complete as it stands.
func (p *regexParser) group() bool {
	capture := 0
	switch {
	case !p.eat('?'):
		p.re.groups++
		capture = p.re.groups
	case p.eat(':'):
	case p.eat('='), p.looking('!'):
		p.look(p.eat('!'), false)
		return false
	case p.eat('<'):
		if p.eat('=') || p.looking('!') {
			p.look(p.eat('!'), true)
			return true
		}
		for p.more() && !p.looking('>') {
			p.i++
		}
		if !p.eat('>') {
			p.fail("Invalid capture group name")
		}
		p.re.groups++
		capture = p.re.groups
	default:
		p.fail("Invalid group")
		return true
	}
	open, shut := 2*capture, 2*capture+1
	if p.back {
		open, shut = shut, open
	}
	if capture > 0 {
		p.emit(inst{op: opSave, x: open})
	}
	p.alternatives()
	if capture > 0 {
		p.emit(inst{op: opSave, x: shut})
	}
	if !p.eat(')') {
		p.fail("Unterminated group")
	}
	return false
}

func (p *regexParser) look(negative, behind bool) {
	was := p.back
	at := p.emit(inst{op: opLook})
	if negative {
		p.re.prog[at].y = 1
	}
	p.back = behind
	p.alternatives()
	p.emit(inst{op: opMatch})
	p.back = was
	if !p.eat(')') {
		p.fail("Unterminated group")
		return
	}
	p.re.prog[at].x = len(p.re.prog)
}

// braces reads {n}, {n,} or {n,m}; without any, nothing is read.
func (p *regexParser) braces() (least, most int, ok bool) {
	i := p.i + 1
	number := func() (int, bool) {
		from := i
		for i < len(p.src) && p.src[i] >= '0' && p.src[i] <= '9' {
			i++
		}
		n, err := strconv.Atoi(string(fromUnits(p.src[from:i])))
		if err != nil && i > from {
			n = 1 << 30
		}
		return n, i > from
	}
	if !p.looking('{') {
		return 0, 0, false
	}
	if least, ok = number(); !ok {
		return 0, 0, false
	}
	most = least
	if i < len(p.src) && p.src[i] == ',' {
		i++
		var some bool
		if most, some = number(); !some {
			most = -1
		}
	}
	if i >= len(p.src) || p.src[i] != '}' {
		return 0, 0, false
	}
	p.i = i + 1
	return least, most, true
}

// quantifier repeats the atom compiled since start as the source says.
func (p *regexParser) quantifier(start, group int) {
	least, most := 1, 1
	switch {
	case p.eat('*'):
		least, most = 0, -1
	case p.eat('+'):
		least, most = 1, -1
	case p.eat('?'):
		least, most = 0, 1
	default:
		var ok bool
		if least, most, ok = p.braces(); !ok {
			return
		}
	}
	if most >= 0 && most < least {
		p.fail("numbers out of order in {} quantifier")
		return
	}
	lazy := p.eat('?')
	after := p.i
	atom := append([]inst(nil), p.re.prog[start:]...)
	if least > maxProgram || most > maxProgram || (least+max(most, 0))*len(atom) > maxProgram {
		p.fail("the expression is too large")
		return
	}
	p.re.prog = p.re.prog[:start]
	single := len(atom) == 1 && (atom[0].op == opChar || atom[0].op == opAny || atom[0].op == opSet)
	if single && !lazy {
		p.emit(inst{op: opRun, x: least, y: most})
		p.emit(atom[0])
		p.i = after
		return
	}
	put := func() {
		if p.re.groups > group {
			p.emit(inst{op: opReset, x: 2 * (group + 1), y: 2*p.re.groups + 2})
		}
		by := len(p.re.prog) - start
		for _, in := range atom {
			shift(&in, start, by)
			at := p.emit(in)
			if p.bad == "" {
				p.re.prog[at].back = in.back
			}
		}
	}
	for range least {
		put()
	}
	switch {
	case most < 0:
		p.loop(put, lazy)
	case most > least:
		var skips []int
		for range most - least {
			skips = append(skips, p.emit(inst{op: opSplit}))
			mark := p.mark()
			put()
			p.emit(inst{op: opMoved, x: mark})
		}
		for _, at := range skips {
			p.branch(at, at+1, len(p.re.prog), lazy)
		}
	}
	p.i = after
}

func (p *regexParser) mark() int {
	p.re.marks++
	p.emit(inst{op: opMark, x: p.re.marks - 1})
	return p.re.marks - 1
}

// loop compiles the unbounded part of a quantifier. A round that matches nothing ends it.
func (p *regexParser) loop(put func(), lazy bool) {
	at := p.emit(inst{op: opSplit})
	mark := p.mark()
	put()
	p.emit(inst{op: opMoved, x: mark})
	p.emit(inst{op: opJump, x: at})
	p.branch(at, at+1, len(p.re.prog), lazy)
}

func (p *regexParser) branch(at, into, past int, lazy bool) {
	if p.bad != "" {
		return
	}
	if lazy {
		into, past = past, into
	}
	p.re.prog[at].x, p.re.prog[at].y = into, past
}
