//go:build !race

package local_test

const slowdown = 1
