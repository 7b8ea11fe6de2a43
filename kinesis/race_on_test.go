//go:build race

package kinesis

// PoolLoss is how many allocations more a use of a sync.Pool may cost: the race detector
// makes pools forget at random.
const PoolLoss = 3
