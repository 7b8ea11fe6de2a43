package catalog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"time"
	"unicode/utf8"
)

// maxPartitionValue is how long Glue lets a partition value be, in characters.
const maxPartitionValue = 1024

// Of gives the value for a field's value v: a string, []byte, bool, any integer, a
// [Decimal], a [Date] or a [time.Time]. A missing value (nil) and an empty text have no
// value of their own in a Hive layout, so they are errors.
func (d Derivation) Of(v any) (string, error) {
	s, err := d.of(v)
	switch {
	case err != nil:
		return "", fmt.Errorf("catalog: derivation %s: %w", d, err)
	case s == "":
		return "", fmt.Errorf("catalog: derivation %s: the value is empty, which a Hive layout cannot tell from NULL", d)
	case len(s) > maxPartitionValue && utf8.RuneCountInString(s) > maxPartitionValue:
		return "", fmt.Errorf("catalog: derivation %s: the value is longer than %d characters", d, maxPartitionValue)
	}
	return s, nil
}

func (d Derivation) of(v any) (string, error) {
	if v == nil {
		return "", errors.New("the field is missing or null")
	}
	switch d.Func {
	case FuncYear, FuncMonth, FuncDay, FuncHour:
		var t time.Time
		switch v := v.(type) {
		case time.Time:
			t = v
		case Date:
			if d.Func == FuncHour || d.zone() != "UTC" {
				return "", errors.New("a date has neither hours nor a time zone")
			}
			t = v.Time()
		default:
			return "", fmt.Errorf("a %T is neither an instant nor a date", v)
		}
		s, _, _, err := d.OfTime(t)
		return s, errors.Unwrap(err)
	case FuncIdentity:
		return identityText(v)
	case FuncTruncate:
		return truncateText(v, d.Width)
	case FuncBucket:
		return bucketText(v, d.Width)
	}
	return "", errors.New("unknown function")
}

func identityText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case Decimal:
		return v.String(), nil
	case Date:
		b, err := v.MarshalText()
		return string(b), err
	case time.Time:
		return timestampText(v), nil
	}
	if n, ok := integer(v); ok {
		return strconv.FormatInt(n, 10), nil
	}
	return "", fmt.Errorf("a %T cannot be a partition value", v)
}

// timestampText writes an instant's UTC wall clock as Hive writes a timestamp.
func timestampText(t time.Time) string {
	return t.UTC().Format("2006-01-02 15:04:05.999999")
}

// integer takes any Go integer that fits an int64.
func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int8:
		return int64(v), true
	case int16:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint:
		return int64(v), v <= 1<<63-1
	case uint64:
		return int64(v), v <= 1<<63-1
	}
	return 0, false
}

// truncateText truncates as Iceberg does: text to w characters, binary to w bytes, numbers
// down to a multiple of w (of the unscaled value, for decimals).
func truncateText(v any, w int) (string, error) {
	switch v := v.(type) {
	case string:
		return firstRunes(v, w), nil
	case []byte:
		return string(v[:min(w, len(v))]), nil
	case Decimal:
		u := v.Unscaled()
		rem := new(big.Int).Mod(u, big.NewInt(int64(w))) // Mod is Euclidean: never negative
		t, err := DecimalFromBig(u.Sub(u, rem), v.Scale())
		return t.String(), err
	}
	n, ok := integer(v)
	if !ok {
		return "", fmt.Errorf("truncate takes text, binary, integers and decimals, not a %T", v)
	}
	rem := n % int64(w)
	if rem < 0 {
		rem += int64(w)
	}
	if n < math.MinInt64+rem {
		return "", fmt.Errorf("%d rounded down to a multiple of %d leaves the range of bigint", n, w)
	}
	return strconv.FormatInt(n-rem, 10), nil
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// bucketText hashes as Iceberg's specification says: 32-bit Murmur3 of the value's own
// bytes, integers and dates as a long, instants as microseconds, decimals as the shortest
// two's complement of the unscaled value.
func bucketText(v any, n int) (string, error) {
	var h uint32
	switch v := v.(type) {
	case string:
		h = murmur3([]byte(v))
	case []byte:
		h = murmur3(v)
	case Decimal:
		h = murmur3(twosComplement(v.Unscaled()))
	case Date:
		h = hashLong(int64(v.Days()))
	case time.Time:
		h = hashLong(v.UnixMicro())
	default:
		i, ok := integer(v)
		if !ok {
			return "", fmt.Errorf("bucket takes text, binary, integers, decimals, dates and instants, not a %T", v)
		}
		h = hashLong(i)
	}
	return strconv.Itoa(int(h&0x7fffffff) % n), nil
}

func hashLong(v int64) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(v))
	return murmur3(b[:])
}

// twosComplement gives the shortest big-endian two's complement of v.
func twosComplement(v *big.Int) []byte {
	if v.Sign() >= 0 {
		b := v.Bytes()
		if len(b) == 0 || b[0]&0x80 != 0 {
			b = append([]byte{0}, b...)
		}
		return b
	}
	n := v.BitLen()/8 + 1
	b := new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n))).FillBytes(make([]byte, n))
	if len(b) > 1 && b[0] == 0xff && b[1]&0x80 != 0 {
		b = b[1:]
	}
	return b
}

// murmur3 is the x86 32-bit variant with seed 0.
func murmur3(b []byte) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	var h uint32
	n := uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		k := binary.LittleEndian.Uint32(b) * c1
		h ^= bits.RotateLeft32(k, 15) * c2
		h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
	}
	var k uint32
	for i := len(b) - 1; i >= 0; i-- {
		k = k<<8 | uint32(b[i])
	}
	if len(b) > 0 {
		h ^= bits.RotateLeft32(k*c1, 15) * c2
	}
	h ^= n
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}
