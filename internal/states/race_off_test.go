//go:build !race

package states

// largeScale divides the size of executions that are tested for their answers.
const largeScale = 1
