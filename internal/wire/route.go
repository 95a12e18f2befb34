package wire

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// router finds the REST operation for a method and an escaped path. It is a tree over path segments; a literal segment
// wins over a parameter, a parameter over "{Key+}". It does not change after it was filled.
type router struct{ root node }

type node struct {
	literal map[string]*node
	param   *node
	rest    *node
	routes  []route
}

type route struct {
	op    *api.Operation
	names []string // of the parameters on the way here, in order
}

// maxParams is more than any AWS path has.
const maxParams = 6

func (r *router) add(op *api.Operation) {
	if !strings.HasPrefix(op.Path, "/") || op.Method == "" {
		panic("wire: operation " + op.Name + " has no method or no path")
	}
	n := &r.root
	var names []string
	for seg := range strings.SplitSeq(strings.Trim(op.Path, "/"), "/") {
		if seg == "" {
			continue
		}
		name, isParam := strings.CutPrefix(seg, "{")
		name, closed := strings.CutSuffix(name, "}")
		if isParam != closed {
			panic("wire: operation " + op.Name + ": bad path " + op.Path)
		}
		if !isParam {
			n = n.toLiteral(seg)
			continue
		}
		name, greedy := strings.CutSuffix(name, "+")
		names = append(names, name)
		if greedy {
			n = child(&n.rest)
			break
		}
		n = child(&n.param)
	}
	if len(names) > maxParams {
		panic("wire: operation " + op.Name + " has too many parameters")
	}
	n.routes = append(n.routes, route{op, names})
}

func (n *node) toLiteral(seg string) *node {
	if n.literal == nil {
		n.literal = map[string]*node{}
	}
	c := n.literal[seg]
	if c == nil {
		c = &node{}
		n.literal[seg] = c
	}
	return c
}

func child(p **node) *node {
	if *p == nil {
		*p = &node{}
	}
	return *p
}

// match is a found operation with its parameters, still escaped.
type match struct {
	op     *api.Operation
	names  []string
	values [maxParams]string
}

// find looks for the operation of a method, an escaped path and a raw query. known is true if the path exists at least
// with another method.
func (r *router) find(method, path, query string) (m match, ok, known bool) {
	f := finder{method: method, query: query}
	ok = f.walk(&r.root, strings.TrimPrefix(path, "/"), 0)
	return f.match, ok, f.known
}

type finder struct {
	method, query string
	match         match
	known         bool
}

// walk consumes one segment of path a level. It backtracks over at most three kinds of children a level, and paths that
// are longer than the tree is deep end at once.
func (f *finder) walk(n *node, path string, params int) bool {
	if path == "" {
		return f.take(n, params)
	}
	seg, rest := path, ""
	if i := strings.IndexByte(path, '/'); i >= 0 {
		seg, rest = path[:i], path[i+1:]
	}
	if c := n.literal[seg]; c != nil && f.walk(c, rest, params) {
		return true
	}
	if n.param != nil && seg != "" {
		f.match.values[params] = seg
		if f.walk(n.param, rest, params+1) {
			return true
		}
	}
	if n.rest != nil {
		f.match.values[params] = path
		return f.take(n.rest, params+1)
	}
	return false
}

// take chooses among the operations of a node: one that asks for a query key that is there, else one that asks for its
// absence, else one that does not ask.
func (f *finder) take(n *node, params int) bool {
	best, rank := -1, 0
	for i := range n.routes {
		op := n.routes[i].op
		f.known = true
		if op.Method != f.method {
			continue
		}
		if r := matchRank(op.Match, f.query); r > rank {
			best, rank = i, r
		}
	}
	if best < 0 {
		return false
	}
	f.match.op, f.match.names = n.routes[best].op, n.routes[best].names
	return params == len(f.match.names)
}

func matchRank(match, query string) int {
	if match == "" {
		return 1
	}
	if key, absent := strings.CutPrefix(match, "!"); absent {
		if hasKey(query, key) {
			return 0
		}
		return 2
	}
	if hasKey(query, match) {
		return 3
	}
	return 0
}

// hasKey reports whether a raw query string has the key, with or without a value.
func hasKey(query, key string) bool {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if k, _, _ := strings.Cut(pair, "="); k == key {
			return true
		}
	}
	return false
}

// params decodes the parameters, once.
func (m *match) params() (map[string]string, error) {
	if len(m.names) == 0 {
		return nil, nil
	}
	p := make(map[string]string, len(m.names))
	for i, name := range m.names {
		v := m.values[i]
		if strings.IndexByte(v, '%') >= 0 {
			d, err := url.PathUnescape(v)
			if err != nil {
				return nil, api.Errorf("InvalidRequestException", "the path segment %q is not percent-encoded correctly", v)
			}
			v = d
		}
		p[name] = v
	}
	return p, nil
}

// rawPath is the path as the client escaped it. http.Request.URL.Path has lost which slashes were escaped.
func rawPath(req *http.Request) string {
	if path, _, _ := strings.Cut(req.RequestURI, "?"); strings.HasPrefix(path, "/") {
		return path // what EscapedPath would work out again, byte by byte
	}
	return req.URL.EscapedPath()
}
