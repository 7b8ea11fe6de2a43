package main

import "testing"

// TestHello runs the example, which ends by itself when its rows have landed and exits when
// something goes wrong.
func TestHello(*testing.T) { main() }
