//go:build race

package jsonata_test

// slower is how much more time and memory the race detector needs, roughly.
const slower = 20
