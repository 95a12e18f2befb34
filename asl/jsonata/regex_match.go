package jsonata

import "strings"

// subject is a text to match in, seen as UTF-16 units; ASCII needs no conversion.
type subject struct {
	text  string
	units []uint16 // nil when the text is ASCII
	n     int
}

func newSubject(s string) subject {
	if isASCII(s) {
		return subject{text: s, n: len(s)}
	}
	u := toUnits(s)
	return subject{text: s, units: u, n: len(u)}
}

func (s *subject) at(i int) uint16 {
	if s.units == nil {
		return uint16(s.text[i])
	}
	return s.units[i]
}

func (s *subject) slice(from, to int) string {
	if s.units == nil {
		return s.text[from:to]
	}
	return fromUnits(s.units[from:to])
}

// matcher runs a regular expression. Choices still open are kept on a stack of its own, together with what has to be
// put back when one is taken up: nothing recurses but look-around.
type matcher struct {
	run   *run
	re    *regex
	in    subject
	caps  []int // start and end of every group, -1 when it took no part
	marks []int
	stack []choice
	owed  int // instructions not yet counted
}

// choice is an alternative (slot < 0) or the old value of a capture or mark. An alternative may be a whole row of them,
// one for every position from pos to end.
type choice struct {
	slot, pc, pos, end int
}

// maxChoices bounds the stack: beyond it a match is given up.
const maxChoices = 500_000

func newMatcher(r *run, re *regex, s string) *matcher {
	return &matcher{run: r, re: re, in: newSubject(s), caps: make([]int, 2*re.groups+2), marks: make([]int, re.marks)}
}

// find looks for the first match at or behind from.
func (m *matcher) find(from int) (bool, error) {
	first := m.re.prog[1]
	for i := from; i <= m.in.n; i++ {
		if first.op == opChar && !m.re.fold && m.in.units == nil && first.x < 128 {
			skip := strings.IndexByte(m.in.text[i:], byte(first.x))
			if err := m.run.burn(max(skip, 0) >> 6); err != nil {
				return false, err
			}
			if skip < 0 {
				return false, nil
			}
			i += skip
		}
		for k := range m.caps {
			m.caps[k] = -1
		}
		m.owed += len(m.caps) >> 3
		m.stack = m.stack[:0]
		ok, err := m.match(0, i)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// count counts instructions, in batches, as steps of the evaluation.
func (m *matcher) count() error {
	if m.owed++; m.owed < 64 {
		return nil
	}
	owed := m.owed
	m.owed = 0
	if len(m.stack) > maxChoices {
		return &Error{Code: "U1001", extra: "Stack overflow error: a regular expression backtracks too much"}
	}
	return m.run.burn(owed >> 3)
}

func (m *matcher) put(list []int, slot, old, pos int) {
	m.stack = append(m.stack, choice{slot: slot, pos: list[old]})
	list[old] = pos
}

// undo takes back everything since the stack had n entries.
func (m *matcher) undo(n int) {
	for len(m.stack) > n {
		m.pop()
	}
}

// pop takes the top of the stack off, putting an old value back; it reports whether that was an alternative.
func (m *matcher) pop() (choice, bool) {
	top := &m.stack[len(m.stack)-1]
	c := *top
	if c.slot < 0 && c.pos != c.end { // more positions are left
		if top.pos--; c.end > c.pos {
			top.pos += 2
		}
		return c, true
	}
	m.stack = m.stack[:len(m.stack)-1]
	switch {
	case c.slot < 0:
		return c, true
	case c.slot < len(m.caps):
		m.caps[c.slot] = c.pos
	default:
		m.marks[c.slot-len(m.caps)] = c.pos
	}
	return c, false
}

// match runs from an instruction and a position.
func (m *matcher) match(pc, pos int) (bool, error) {
	base := len(m.stack)
	for {
		if err := m.count(); err != nil {
			return false, err
		}
		in := &m.re.prog[pc]
		ok := true
		pc++
		switch in.op {
		case opChar, opAny, opSet:
			at := pos
			if in.back {
				at--
			}
			if ok = at >= 0 && at < m.in.n && m.fits(in, m.in.at(at)); ok {
				if pos = at; !in.back {
					pos++
				}
			}
		case opSplit:
			m.stack = append(m.stack, choice{slot: -1, pc: in.y, pos: pos, end: pos})
			pc = in.x
		case opJump:
			pc = in.x
		case opRun:
			if pos, ok = m.runOf(in, &m.re.prog[pc], pc+1, pos); ok {
				pc++
			}
		case opSave:
			m.put(m.caps, in.x, in.x, pos)
		case opReset:
			m.owed += (in.y - in.x) >> 3
			for k := in.x; k < in.y; k++ {
				if m.caps[k] >= 0 {
					m.put(m.caps, k, k, -1)
				}
			}
		case opMark:
			m.put(m.marks, len(m.caps)+in.x, in.x, pos)
		case opMoved:
			ok = m.marks[in.x] != pos
		case opBack:
			pos, ok = m.same(in, pos)
		case opLook:
			saved := len(m.stack)
			found, err := m.match(pc, pos)
			if err != nil {
				return false, err
			}
			if found == (in.y == 1) {
				ok = false
			}
			if in.y == 1 {
				m.undo(saved)
			} else if found {
				m.keepCaptures(saved)
			}
			pc = in.x
		case opMatch:
			return true, nil
		default:
			ok = m.holds(in.op, pos)
		}
		for !ok {
			if len(m.stack) == base {
				return false, nil
			}
			var c choice
			if c, ok = m.pop(); ok {
				pc, pos = c.pc, c.pos
			}
		}
	}
}

// runOf matches one unit as often as possible; all shorter runs stay open as alternatives.
func (m *matcher) runOf(in, one *inst, pc, pos int) (int, bool) {
	n, at, step := 0, pos, 1
	if in.back {
		step = -1
	}
	for in.y < 0 || n < in.y {
		next := at
		if in.back {
			next--
		}
		if next < 0 || next >= m.in.n || !m.fits(one, m.in.at(next)) {
			break
		}
		at += step
		n++
	}
	m.owed += n
	if n < in.x {
		return pos, false
	}
	if n > in.x {
		m.stack = append(m.stack, choice{slot: -1, pc: pc, pos: at - step, end: pos + step*in.x})
	}
	return at, true
}

// keepCaptures drops the alternatives a look-around left: it is not tried again, but its captures can be taken back.
func (m *matcher) keepCaptures(from int) {
	kept := m.stack[:from]
	for _, c := range m.stack[from:] {
		if c.slot >= 0 {
			kept = append(kept, c)
		}
	}
	m.stack = kept
}

func (m *matcher) fits(in *inst, c uint16) bool {
	switch in.op {
	case opAny:
		return !isLineEnd(c)
	case opSet:
		return m.re.sets[in.x].has(c)
	}
	if m.re.fold {
		c = canonical(c)
	}
	return int(c) == in.x
}

func isLineEnd(c uint16) bool { return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029 }

func (m *matcher) wordAt(i int) bool {
	if i < 0 || i >= m.in.n {
		return false
	}
	c := m.in.at(i)
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_'
}

func (m *matcher) holds(op opcode, pos int) bool {
	switch op {
	case opStart:
		return pos == 0
	case opEnd:
		return pos == m.in.n
	case opStartLine:
		return pos == 0 || isLineEnd(m.in.at(pos-1))
	case opEndLine:
		return pos == m.in.n || isLineEnd(m.in.at(pos))
	}
	return (m.wordAt(pos-1) != m.wordAt(pos)) == (op == opWord)
}

// same matches what a group has matched once more.
func (m *matcher) same(in *inst, pos int) (int, bool) {
	from, to := m.caps[2*in.x], m.caps[2*in.x+1]
	if from < 0 || to < 0 {
		return pos, true
	}
	at := pos
	if in.back {
		at -= to - from
	}
	if at < 0 || at+to-from > m.in.n {
		return pos, false
	}
	m.owed += to - from
	for k := range to - from {
		a, b := m.in.at(from+k), m.in.at(at+k)
		if a != b && (!m.re.fold || canonical(a) != canonical(b)) {
			return pos, false
		}
	}
	if in.back {
		return at, true
	}
	return at + to - from, true
}
