//go:build !race

package kinesis

// poolLoss is how many allocations more a use of a sync.Pool may cost.
const poolLoss = 0
