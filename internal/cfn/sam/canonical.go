package sam

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/perdure/perdure/internal/cfn"
)

// canonical writes JSON as AWS's transform does, keys sorted and nothing outside of ASCII, so that hashes and definitions
// come out the same. With indent the value is spread over lines, four blanks a level.
func canonical(n *cfn.Node, indent bool) string {
	w := &writer{indent: indent}
	w.value(n, 0)
	return w.String()
}

type writer struct {
	strings.Builder
	indent bool
}

func (w *writer) value(n *cfn.Node, depth int) {
	switch n.Kind {
	case cfn.Bool, cfn.Number:
		w.WriteString(n.Text)
	case cfn.String:
		w.quote(n.Text)
	case cfn.List:
		w.container('[', ']', len(n.Items), depth, func(i int) { w.value(n.Items[i], depth+1) })
	case cfn.Map:
		order := sortedByKey(n)
		w.container('{', '}', len(n.Items), depth, func(i int) {
			w.quote(n.Keys[order[i]])
			w.WriteByte(':')
			if w.indent {
				w.WriteByte(' ')
			}
			w.value(n.Items[order[i]], depth+1)
		})
	default:
		w.WriteString("null")
	}
}

// sortedByKey are the places of a map's values in the order of their keys; those of a list as they stand.
func sortedByKey(n *cfn.Node) []int {
	order := make([]int, len(n.Items))
	for i := range order {
		order[i] = i
	}
	if n.Kind == cfn.Map {
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(n.Keys[a], n.Keys[b]) })
	}
	return order
}

func (w *writer) container(open, end byte, n, depth int, item func(i int)) {
	w.WriteByte(open)
	for i := range n {
		if i > 0 {
			w.WriteByte(',')
		}
		w.line(depth + 1)
		item(i)
	}
	if n > 0 {
		w.line(depth)
	}
	w.WriteByte(end)
}

func (w *writer) line(depth int) {
	if w.indent {
		w.WriteByte('\n')
		w.WriteString(strings.Repeat("    ", depth))
	}
}

var short = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

func (w *writer) quote(s string) {
	w.WriteByte('"')
	for _, r := range s {
		switch {
		case short[r] != "":
			w.WriteString(short[r])
		case r >= 0x20 && r < utf8.RuneSelf:
			w.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(w, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(w, `\u%04x`, r)
		}
	}
	w.WriteByte('"')
}
