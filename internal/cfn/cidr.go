package cfn

import (
	"net/netip"
	"strconv"
)

// maxBlocks is how many address blocks one Fn::Cidr gives at most.
const maxBlocks = 256

// cidr cuts an address block into blocks of 2^bits addresses: Fn::Cidr: [block, count, bits].
func cidr(s *scope, n, arg *Node) (*Node, error) {
	malformed := n.at("Template error: every Fn::Cidr object requires two required parameters, (1) ipBlock and (2) count, and may have a third, cidrBits")
	if arg.Kind != List || len(arg.Items) < 2 || len(arg.Items) > 3 {
		return nil, malformed
	}
	if arg.Has(Unknown) {
		return unknown, nil
	}
	text, _ := arg.Items[0].Scalar()
	block, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, n.at("Template error: Fn::Cidr: %s is not an address block such as 10.0.0.0/16", text)
	}
	count, bits := whole(arg.Items[1]), 8
	if len(arg.Items) == 3 {
		bits = whole(arg.Items[2])
	}
	if count < 1 || count > maxBlocks {
		return nil, n.at("Template error: Fn::Cidr: the count must be from 1 to %d", maxBlocks)
	}
	block = block.Masked()
	length := block.Addr().BitLen() - bits
	if bits < 1 || length < block.Bits() || length > block.Addr().BitLen() {
		return nil, n.at("Template error: Fn::Cidr: %s has no blocks of %d bits", text, bits)
	}
	if spare := length - block.Bits(); spare < 9 && count > 1<<spare {
		return nil, n.at("Template error: Fn::Cidr: %s has no %d blocks of %d bits", text, count, bits)
	}
	out := &Node{Kind: List, Line: n.Line, Column: n.Column}
	for i := range count {
		p := netip.PrefixFrom(plus(block.Addr(), i, bits), length).String()
		if err := s.charge(n, len(p)); err != nil {
			return nil, err
		}
		out.Items = append(out.Items, Text(p))
	}
	return out, nil
}

// whole is a scalar's number, -1 if it is none.
func whole(n *Node) int {
	text, _ := n.Scalar()
	i, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return i
}

// plus adds i * 2^bits to an address.
func plus(a netip.Addr, i, bits int) netip.Addr {
	b := a.AsSlice()
	carry := 0
	for at := len(b) - 1; at >= 0; at-- {
		from := 8 * (len(b) - 1 - at) // the lowest bit of this byte
		add := carry
		switch shift := bits - from; {
		case shift >= 0 && shift < 8:
			add += i << shift & 0xff
		case shift < 0 && shift > -16:
			add += i >> -shift & 0xff
		}
		sum := int(b[at]) + add
		b[at], carry = byte(sum), sum>>8
	}
	out, _ := netip.AddrFromSlice(b) // as long as it was
	return out
}
