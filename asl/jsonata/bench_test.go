package jsonata_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/perdure/perdure/asl/jsonata"
	"github.com/perdure/perdure/asl/value"
)

// orderInput is an order of n lines, as states get one.
func orderInput(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"order":{"id":"ord-0042","total":129.5,"customer":{"name":{"first":"Ada","nick":{"short":"A"}},"email":"ada@example.com","vip":true}},"items":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sku":"SKU-%06d","price":%d.5,"qty":%d,"tags":["x","y"]}`, i, i%97, i%7+1)
	}
	b.WriteString(`],"numbers":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, i)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

// reportCPU adds the processor time per operation, which a busy machine stretches less than the time on the clock.
func reportCPU(b *testing.B) func() {
	from := processTime()
	return func() { b.ReportMetric(float64(processTime()-from)/float64(b.N), "cpu-ns/op") }
}

func benchmark(b *testing.B, expr string, items int) {
	b.Helper()
	p, err := jsonata.Compile(expr, jsonata.Options{})
	if err != nil {
		b.Fatal(err)
	}
	input, err := value.Decode(orderInput(items), value.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	defer reportCPU(b)()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Eval(ctx, input, nil, jsonata.Host{}, jsonata.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPathOfFive(b *testing.B) { benchmark(b, `order.customer.name.nick.short`, 1) }

func BenchmarkConcatenationOfSeven(b *testing.B) {
	benchmark(b, `"Order " & order.id & " of " & order.customer.email & ": " & order.total & "!"`, 1)
}

func BenchmarkMap1000(b *testing.B) { benchmark(b, `$map(numbers, function($n){ $n * 2 + 1 })`, 1000) }

func BenchmarkFilter1000(b *testing.B) {
	benchmark(b, `$filter(numbers, function($n){ $n > 500 })`, 1000)
}

func BenchmarkSum1000(b *testing.B) { benchmark(b, `$sum(items.(price * qty))`, 1000) }

func BenchmarkObjectOfFour(b *testing.B) {
	benchmark(b, `{"id": order.id, "name": order.customer.name.first, "vip": order.customer.vip, "sku": items[0].sku}`, 1)
}

func BenchmarkDecodeEvalEncode(b *testing.B) {
	data := orderInput(19) // some 1.3 KB
	p, err := jsonata.Compile(`{"id": order.id, "total": $sum(items.(price * qty)), "items": items[qty > 2]}`, jsonata.Options{})
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	defer reportCPU(b)()
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	var buf []byte
	for b.Loop() {
		in, err := value.Decode(data, value.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		out, err := p.Eval(ctx, in, nil, jsonata.Host{}, jsonata.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		buf = out.Append(buf[:0])
	}
}
