package kinesis

import (
	"time"

	"github.com/lakekit/lakekit/internal/seqno"
)

// arrival gives the second at which the record of a sequence number arrived. The layout is
// not documented, so nothing that matters may depend on it.
func arrival(seq string) (t time.Time, ok bool) {
	n, ok := seqno.Parse(seq)
	if !ok || n.Arrived < n.Created {
		return time.Time{}, false
	}
	return time.Unix(n.Arrived, 0).UTC(), true
}
