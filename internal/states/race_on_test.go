//go:build race

package states

// largeScale is ten where the race detector makes everything slower.
const largeScale = 10
