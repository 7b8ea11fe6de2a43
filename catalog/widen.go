package catalog

// widens says whether a column of type from may become one of type to while the files that
// hold from are still read right: larger integers, double for float, more digits of the same
// scale (Iceberg's promotions, and those of Hive's small integers), longer or unbounded text.
// In text files, where a value is read anew each time, any scalar may become a string and a
// whole number any wider number too.
func widens(from, to Type, text bool) bool {
	whole := func(k Kind) bool { return k >= KindTinyInt && k <= KindBigInt }
	switch {
	case !from.Scalar() || !to.Scalar():
		return false
	case whole(from.Kind) && whole(to.Kind):
		return from.Kind < to.Kind
	case from.Kind == KindFloat:
		if to.Kind == KindDouble {
			return true
		}
	case from.Kind == KindDecimal && to.Kind == KindDecimal:
		return from.Scale == to.Scale && from.Precision < to.Precision
	case from.Kind == KindVarchar && to.Kind == KindVarchar:
		return from.Length < to.Length
	case from.Kind == KindVarchar && to.Kind == KindString:
		return true
	}
	if !text {
		return false
	}
	switch to.Kind {
	case KindString:
		return from.Kind != KindString && from.Kind != KindBinary
	case KindDecimal:
		return whole(from.Kind) && to.Precision-to.Scale >= integerDigits(from.Kind)
	case KindDouble:
		return whole(from.Kind) && from.Kind != KindBigInt
	}
	return false
}

// integerDigits is how many digits an integer type can have.
func integerDigits(k Kind) int {
	switch k {
	case KindTinyInt:
		return 3
	case KindSmallInt:
		return 5
	case KindInt:
		return 10
	}
	return 19
}
