package value_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perdure/perdure/asl/value"
)

// order is an order document with n lines, some 145 bytes each.
func order(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"orderId":"ord-0042","customer":{"name":"Åsa Öberg","email":"asa@example.com","vip":true},"items":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sku":"SKU-%06d","description":"A thing with a \"name\" of its own","price":%d.%02d,"qty":%d,"tags":["x","y"],"note":null,"ok":true}`,
			i, i%97, i%89+10, i%7)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func BenchmarkDecode(b *testing.B) {
	for _, lines := range []int{8, 654} {
		data := order(lines)
		b.Run(fmt.Sprintf("%dB", len(data)), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			from := cpuTime()
			for b.Loop() {
				if _, err := value.Decode(data, value.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpuTime()-from)/float64(b.N), "cpu-ns/op")
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	data := order(654)
	v := decode(b, string(data))
	b.SetBytes(int64(len(data)))
	buf := make([]byte, 0, len(data)*2)
	for b.Loop() {
		buf = v.Append(buf[:0])
	}
}
