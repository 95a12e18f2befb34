package cfn_test

import (
	"errors"
	"testing"

	"github.com/perdure/perdure/internal/cfn"
)

// Whatever the text, the answer is a stack or a *cfn.Error, soon.
func FuzzTemplate(f *testing.F) {
	f.Add([]byte(`{"Resources":{"A":{"Type":"T","Properties":{"p":{"Fn::Join":["",["x",{"Ref":"B"}]]}}},"B":{"Type":"T"}}}`))
	f.Add([]byte("Resources:\n  A:\n    Type: T\n    Properties:\n      p: !Sub ['${x}${B.Arn}', {x: !Ref B}]\n  B: {Type: T}\n"))
	f.Add([]byte("a: &a [1]\nMetadata: *a\nConditions: {C: !Equals [a, b]}\nResources: {A: {Type: T, Condition: C}}"))
	f.Add([]byte("Resources: {A: {Type: T, Properties: {p: !If [C, !GetAtt A.b, !Select [0, !Split [',', x]]]}}}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		parsed, err := cfn.Parse(src)
		if err == nil {
			var s *cfn.Stack
			if s, err = parsed.Instantiate(input()); err == nil {
				for _, r := range s.Resources {
					if _, bad := s.Properties(r.ID, known); bad != nil {
						err = bad
					}
				}
			}
		}
		var e *cfn.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("not a template error: %T %v", err, err)
		}
	})
}
