package jsonata

import "github.com/perdure/perdure/asl/value"

// maxNesting bounds how deep an expression may be nested, so that no source can exhaust the stack.
const maxNesting = 500

// parser is a Pratt parser: every token knows how strongly it binds what stands left of it.
type parser struct {
	lex   *lexer
	tok   token
	depth int
	nodes int
}

// binding is the binding power of the operators that can follow an operand.
func binding(t token, v Version) int {
	if t.kind != tokOperator {
		return 0
	}
	switch t.text {
	case "[", "(", "@", "#":
		return 80
	case ".":
		return 75
	case "{":
		return 70
	case "*", "/", "%":
		return 60
	case "+", "-", "&":
		return 50
	case "=", "<", ">", "!=", "<=", ">=", "in", "~>", "^", "??", "?:":
		return 40
	case "and":
		return 30
	case "or":
		return 25
	case "?":
		return 20
	case ":=":
		return 10
	}
	return 0
}

func parse(src string, v Version) (*node, *Error) {
	p := &parser{lex: newLexer(src, v)}
	if err := p.advance(false); err != nil {
		return nil, err
	}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.wrong("S0201")
	}
	return n, nil
}

// advance reads the next token; infix tells that an operand has just ended.
func (p *parser) advance(infix bool) *Error {
	t, err := p.lex.next(infix)
	if err != nil {
		return err
	}
	p.tok = t
	if t.kind == tokOperator && (t.text == "!" || t.text == "~") {
		return p.wrong("S0204")
	}
	return nil
}

// is reports whether the current token is this operator.
func (p *parser) is(op string) bool { return p.tok.kind == tokOperator && p.tok.text == op }

// expect passes over the operator or fails.
func (p *parser) expect(op string, infix bool) *Error {
	if p.is(op) {
		return p.advance(infix)
	}
	err := p.wrong("S0202")
	if p.tok.kind == tokEnd {
		err.Code = "S0203"
	}
	err.Value = value.String(op)
	return err
}

// wrong is an error about the current token.
func (p *parser) wrong(code string) *Error {
	err := &Error{Code: code, Position: p.tok.pos}
	err.token = p.leaf(p.tok).word()
	err.Token = plainText(err.token)
	return err
}

func plainText(v value.Value) string {
	if v.Kind() == value.KindString {
		return v.Str()
	}
	return v.Text()
}

func (p *parser) leaf(t token) *node {
	p.nodes++
	n := &node{text: t.text, lit: t.lit, re: t.re, pos: t.pos}
	switch t.kind {
	case tokName:
		n.kind = nName
	case tokVariable:
		n.kind = nVariable
	case tokOperator:
		n.kind = nOperator
	case tokString:
		n.kind = nString
	case tokNumber:
		n.kind = nNumber
	case tokValue:
		n.kind = nValue
	case tokRegex:
		n.kind = nRegex
	}
	return n
}

// expression parses what binds more strongly than rbp.
func (p *parser) expression(rbp int) (*node, *Error) {
	if p.depth++; p.depth > maxNesting {
		return nil, &Error{Code: "U1001", Position: p.tok.pos,
			extra: "Stack overflow error: the expression is nested too deep"}
	}
	defer func() { p.depth-- }()
	if p.nodes > maxNodes {
		return nil, p.tooLong()
	}
	t := p.tok
	if err := p.advance(true); err != nil {
		return nil, err
	}
	left, err := p.prefix(t)
	for spine := 0; err == nil && rbp < binding(p.tok, p.lex.version); spine++ {
		if spine > maxSpine {
			return nil, p.tooLong()
		}
		t = p.tok
		if err = p.advance(false); err == nil {
			left, err = p.infix(t, left)
		}
	}
	return left, err
}

// maxNodes bounds the size of the tree, and with it its depth.
const maxNodes = 50_000

func (p *parser) tooLong() *Error {
	return &Error{Code: "U1001", Position: p.tok.pos, extra: "Stack overflow error: the expression is too long"}
}

// maxSpine bounds the operators in one row: a left-leaning tree is as deep as it is long.
const maxSpine = 5000

// prefix parses what starts with t.
func (p *parser) prefix(t token) (*node, *Error) {
	n := p.leaf(t)
	if t.kind != tokOperator {
		return n, nil
	}
	switch t.text {
	case "and", "or", "in":
		return n, nil
	case "-":
		n.kind = nUnary
		var err *Error
		n.lhs, err = p.expression(70)
		return n, err
	case "*":
		n.kind = nWildcard
		return n, nil
	case "**":
		n.kind = nDescendant
		return n, nil
	case "%":
		n.kind = nParent
		return n, nil
	case "(":
		return p.block(n)
	case "[":
		return p.array(n)
	case "{":
		n.kind = nUnary
		return n, p.members(n)
	case "|":
		return p.transform(n)
	}
	err := &Error{Code: "S0211", Position: t.pos}
	err.setToken(t.text)
	return nil, err
}

func (p *parser) block(n *node) (*node, *Error) {
	n.kind = nBlock
	for !p.is(")") {
		e, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		n.list = append(n.list, e)
		if !p.is(";") {
			break
		}
		if err := p.advance(false); err != nil {
			return nil, err
		}
	}
	return n, p.expect(")", true)
}

func (p *parser) array(n *node) (*node, *Error) {
	n.kind = nUnary
	for !p.is("]") {
		item, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if p.is("..") {
			r := &node{kind: nBinary, text: "..", pos: p.tok.pos, lhs: item}
			if err := p.advance(false); err != nil {
				return nil, err
			}
			if r.rhs, err = p.expression(0); err != nil {
				return nil, err
			}
			item = r
		}
		n.list = append(n.list, item)
		if !p.is(",") {
			break
		}
		if err := p.advance(false); err != nil {
			return nil, err
		}
		if p.is("]") { // a comma must be followed by an item
			_, err := p.expression(0)
			return nil, err
		}
	}
	return n, p.expect("]", true)
}

// members parses the inside of braces into n.pairs.
func (p *parser) members(n *node) *Error {
	if !p.is("}") {
		for {
			k, err := p.expression(0)
			if err != nil {
				return err
			}
			if err := p.expect(":", false); err != nil {
				return err
			}
			v, err := p.expression(0)
			if err != nil {
				return err
			}
			n.pairs = append(n.pairs, [2]*node{k, v})
			if !p.is(",") {
				break
			}
			if err := p.advance(false); err != nil {
				return err
			}
		}
	}
	return p.expect("}", true)
}

func (p *parser) transform(n *node) (*node, *Error) {
	n.kind = nTransform
	var err *Error
	if n.cond, err = p.expression(0); err != nil {
		return nil, err
	}
	if err = p.expect("|", false); err != nil {
		return nil, err
	}
	if n.then, err = p.expression(0); err != nil {
		return nil, err
	}
	if p.is(",") {
		if err = p.advance(false); err != nil {
			return nil, err
		}
		if n.other, err = p.expression(0); err != nil {
			return nil, err
		}
	}
	return n, p.expect("|", false)
}
