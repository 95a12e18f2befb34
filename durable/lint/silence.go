package lint

import (
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// silences are the comments that switch rules off, by file and line. Line 0 stands for the whole file.
type silences map[string]map[int][]string

func silencesOf(pass *analysis.Pass) silences {
	out := silences{}
	for _, file := range pass.Files {
		for _, group := range file.Comments {
			for _, c := range group.List {
				text, ok := strings.CutPrefix(c.Text, "//durable:ignore")
				if !ok {
					continue
				}
				at := pass.Fset.Position(c.Pos())
				line := at.Line
				if rest, whole := strings.CutPrefix(text, "-file"); whole {
					text, line = rest, 0
				}
				rules, _, _ := strings.Cut(text, "--")
				names := strings.FieldsFunc(rules, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
				if len(names) == 0 {
					names = []string{"all"}
				}
				if out[at.Filename] == nil {
					out[at.Filename] = map[int][]string{}
				}
				out[at.Filename][line] = append(out[at.Filename][line], names...)
			}
		}
	}
	return out
}

func (s silences) silenced(at token.Position, rule string) bool {
	for _, line := range []int{0, at.Line, at.Line - 1} {
		names := s[at.Filename][line]
		if slices.Contains(names, rule) || slices.Contains(names, "all") {
			return true
		}
	}
	return false
}
