package main

import "testing"

// TestFleet runs the example, which exits when something goes wrong.
func TestFleet(*testing.T) { main() }

// TestVariants holds each wrong variant to be refused.
func TestVariants(t *testing.T) {
	for _, v := range variants {
		c := nightly()
		v.change(&c)
		if _, err := c.Validate(); err == nil {
			t.Errorf("%s: accepted", v.name)
		}
	}
}
