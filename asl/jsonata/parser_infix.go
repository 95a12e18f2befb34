package jsonata

import "github.com/perdure/perdure/asl/value"

// infix parses what t makes of the operand on its left.
func (p *parser) infix(t token, left *node) (*node, *Error) {
	n := p.leaf(t)
	n.kind, n.lhs = nBinary, left
	var err *Error
	switch t.text {
	case "(":
		return p.call(n, left)
	case "[":
		return p.predicate(n, left)
	case "{":
		return n, p.members(n)
	case "^":
		return p.orderBy(n)
	case ":=":
		if left.kind != nVariable {
			bad := &Error{Code: "S0212", Position: left.pos}
			bad.token = left.word()
			bad.Token = plainText(bad.token)
			return nil, bad
		}
		n.rhs, err = p.expression(9) // binds to the right
		return n, err
	case "@", "#":
		if n.rhs, err = p.expression(80); err == nil && n.rhs.kind != nVariable {
			return nil, (&Error{Code: "S0214"}).at(n.rhs.pos, t.text)
		}
		return n, err
	case "?":
		return p.condition(n, left)
	case "?:", "??":
		return p.fallback(n, left)
	}
	n.rhs, err = p.expression(binding(t, p.lex.version))
	return n, err
}

func (p *parser) condition(n, left *node) (*node, *Error) {
	n.kind, n.lhs, n.cond = nCondition, nil, left
	var err *Error
	if n.then, err = p.expression(0); err != nil {
		return nil, err
	}
	if p.is(":") {
		if err = p.advance(false); err != nil {
			return nil, err
		}
		n.other, err = p.expression(0)
	}
	return n, err
}

// fallback parses a ?: b, which is a where a counts as true, and a ?? b, which is a where there is a; else b.
func (p *parser) fallback(n, left *node) (*node, *Error) {
	n.kind, n.lhs, n.cond = nCondition, nil, left
	var err *Error
	n.other, err = p.expression(0)
	return n, err
}

func (p *parser) predicate(n, left *node) (*node, *Error) {
	var err *Error
	if p.is("]") { // keep the array
		step := left
		for step.kind == nBinary && step.text == "[" {
			step = step.lhs
		}
		step.keepArray = true
		return left, p.advance(false)
	}
	if n.rhs, err = p.expression(0); err != nil {
		return nil, err
	}
	return n, p.expect("]", true)
}

func (p *parser) orderBy(n *node) (*node, *Error) {
	if err := p.expect("(", false); err != nil {
		return nil, err
	}
	for {
		var term sortTerm
		if p.is("<") || p.is(">") {
			term.descending = p.is(">")
			if err := p.advance(false); err != nil {
				return nil, err
			}
		}
		var err *Error
		if term.expr, err = p.expression(0); err != nil {
			return nil, err
		}
		n.terms = append(n.terms, term)
		if !p.is(",") {
			break
		}
		if err := p.advance(false); err != nil {
			return nil, err
		}
	}
	return n, p.expect(")", false)
}

// call parses the arguments of a call, a partial application or, behind the word function, a definition.
func (p *parser) call(n, left *node) (*node, *Error) {
	n.kind, n.lhs, n.proc = nFunction, nil, left
	if !p.is(")") {
		for {
			if p.is("?") {
				n.kind = nPartial
				n.list = append(n.list, p.leaf(p.tok))
				if err := p.advance(false); err != nil {
					return nil, err
				}
			} else {
				arg, err := p.expression(0)
				if err != nil {
					return nil, err
				}
				n.list = append(n.list, arg)
			}
			if !p.is(",") {
				break
			}
			if err := p.advance(false); err != nil {
				return nil, err
			}
		}
	}
	if err := p.expect(")", true); err != nil {
		return nil, err
	}
	if left.kind == nName && (left.text == "function" || left.text == "λ") {
		return p.lambda(n)
	}
	return n, nil
}

func (p *parser) lambda(n *node) (*node, *Error) {
	for i, arg := range n.list {
		if arg.kind != nVariable {
			err := &Error{Code: "S0208", Position: arg.pos, Value: value.Int(int64(i + 1)), token: arg.word()}
			err.Token = plainText(err.token)
			return nil, err
		}
	}
	n.kind = nLambda
	if p.is("<") {
		if err := p.signature(n); err != nil {
			return nil, err
		}
	}
	if err := p.expect("{", false); err != nil {
		return nil, err
	}
	var err *Error
	if n.then, err = p.expression(0); err != nil {
		return nil, err
	}
	return n, p.expect("}", false)
}

func (p *parser) signature(n *node) *Error {
	start, depth, text := p.tok.pos, 1, "<"
	for depth > 0 && !p.is("{") && p.tok.kind != tokEnd {
		if err := p.advance(false); err != nil {
			return err
		}
		if p.is(">") {
			depth--
		} else if p.is("<") {
			depth++
		}
		text += plainText(p.leaf(p.tok).word())
		if len(text) > maxSignature {
			return p.wrong("S0205")
		}
	}
	if err := p.expect(">", false); err != nil {
		return err
	}
	sig, err := parseSignature(text)
	if err != nil {
		err.Position = start + unitLen(text[:err.Position])
		return err
	}
	n.sig = sig
	return nil
}

// maxSignature bounds the text of a signature.
const maxSignature = 1000
