// Package land lands public data sets with the lakekit command and holds the answers of
// its queries against what pandas and the standard library compute from the originals.
package land
