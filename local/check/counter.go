package check

// counter counts events and says which lines strike. It has no lock of its own.
type counter struct {
	n     map[event]int
	lines map[event][]*line
}

func newCounter(script []*line) *counter {
	c := &counter{n: map[event]int{}, lines: map[event][]*line{}}
	for _, l := range script {
		c.lines[l.at] = append(c.lines[l.at], l)
	}
	return c
}

// count counts one event and gives the lines that strike at it.
func (c *counter) count(e event) (struck []*line) {
	lines := c.lines[e]
	if len(lines) == 0 {
		return nil
	}
	c.n[e]++
	for _, l := range lines {
		if l.nth == c.n[e] {
			struck = append(struck, l)
		}
	}
	return struck
}
