// Package rings holds the shape of the module as tests; it has no code.
//
// rings_test.go has the table of which package stands in which ring (docs/architecture.md draws it) and fails when a
// package imports outwards, when an adapter knows another, or when a package is in no ring. clock_test.go keeps time and
// randomness out of everything that gets them injected. size_test.go keeps files short. The rules of imports and clocks
// leave test files out; the one of size does not.
package rings
