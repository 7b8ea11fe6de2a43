package kinesis

// Serves says whether the service has an operation.
func (s *Service) Serves(op string) bool { _, ok := s.ops[op]; return ok }

// IteratorPlace says which shard of which stream an iterator of this service is for.
func IteratorPlace(it string) (stream, shard string, ok bool) {
	p, ok := parseIterator(it)
	if !ok {
		return "", "", false
	}
	return p.stream, shardName(p.shard), true
}
