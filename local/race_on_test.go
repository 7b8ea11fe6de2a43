//go:build race

package local_test

// slowdown is what the race detector costs, roughly.
const slowdown = 10
