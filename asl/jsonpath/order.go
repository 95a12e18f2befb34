package jsonpath

import (
	"sort"
	"unicode/utf16"
)

// hashOrder sorts members as a Java HashMap keyed by their names iterates: AWS's produced objects have their ".$" members
// in that order (step-functions specification, section 1.6).
func hashOrder(ms []member) []member {
	capacity := uint32(16)
	for float64(len(ms)) > 0.75*float64(capacity) {
		capacity *= 2
	}
	sort.SliceStable(ms, func(i, j int) bool {
		return bucket(ms[i].name, capacity) < bucket(ms[j].name, capacity)
	})
	return ms
}

func bucket(name string, capacity uint32) uint32 {
	var h uint32
	for _, unit := range utf16.Encode([]rune(name)) {
		h = 31*h + uint32(unit)
	}
	h ^= h >> 16
	return h & (capacity - 1)
}
