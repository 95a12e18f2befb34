package jsonata_test

import (
	"context"
	"math"
	"testing"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// TestRemaindersAreThoseOfFloatingPoint holds the short way for integers to what fmod says, the sign of zero included.
func TestRemaindersAreThoseOfFloatingPoint(t *testing.T) {
	p, err := jsonata.Compile(`$a % $b`, jsonata.Options{})
	if err != nil {
		t.Fatal(err)
	}
	numbers := []float64{0, math.Copysign(0, -1), 1, 2, 3, 7, 10, 0.5, 2.5, 1e-300, 1<<53 - 1, 1 << 53, 1<<53 + 2, 1 << 62, 1 << 63,
		1 << 64, 1e22, 1e300, math.MaxFloat64}
	for _, a := range numbers {
		for _, b := range numbers {
			for _, pair := range [][2]float64{{a, b}, {-a, b}, {a, -b}, {-a, -b}} {
				vars := map[string]value.Value{"a": value.Number(pair[0]), "b": value.Number(pair[1])}
				want := math.Mod(pair[0], pair[1])
				got, err := p.Eval(context.Background(), value.Value{}, vars, jsonata.Host{}, jsonata.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				if math.Float64bits(got.Float()) != math.Float64bits(want) && !(math.IsNaN(want) && math.IsNaN(got.Float())) {
					t.Errorf("%v %% %v is %v, want %v", pair[0], pair[1], got.Float(), want)
				}
			}
		}
	}
}
