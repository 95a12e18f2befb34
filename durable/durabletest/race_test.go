//go:build race

package durabletest

const racing = true
