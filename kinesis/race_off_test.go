//go:build !race

package kinesis

// PoolLoss is how many allocations more a use of a sync.Pool may cost.
const PoolLoss = 0
