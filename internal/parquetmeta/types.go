package parquetmeta

import "strconv"

// Physical is how a leaf's values lie in a page.
type Physical int32

// The physical types, numbered as in the footer. Group is not in a footer: it marks the
// nodes that are not leaves.
const (
	Boolean Physical = iota
	Int32
	Int64
	Int96
	Float
	Double
	ByteArray
	FixedLenByteArray
	Group Physical = -1
)

// String gives the format's name for p.
func (p Physical) String() string {
	if p == Group {
		return "group"
	}
	return name(int32(p), "BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
}

// Repetition says how often a node occurs in its parent.
type Repetition int32

// The repetitions, numbered as in the footer.
const (
	Required Repetition = iota
	Optional
	Repeated
)

// String gives the format's name for r.
func (r Repetition) String() string { return name(int32(r), "REQUIRED", "OPTIONAL", "REPEATED") }

// Converted is the older annotation of what a node means.
type Converted int32

// The converted types, numbered as in the footer; NoConverted marks a node without one.
const (
	ConvertedUTF8 Converted = iota
	ConvertedMap
	ConvertedMapKeyValue
	ConvertedList
	ConvertedEnum
	ConvertedDecimal
	ConvertedDate
	ConvertedTimeMillis
	ConvertedTimeMicros
	ConvertedTimestampMillis
	ConvertedTimestampMicros
	ConvertedUint8
	ConvertedUint16
	ConvertedUint32
	ConvertedUint64
	ConvertedInt8
	ConvertedInt16
	ConvertedInt32
	ConvertedInt64
	ConvertedJSON
	ConvertedBSON
	ConvertedInterval
	NoConverted Converted = -1
)

// String gives the format's name for c.
func (c Converted) String() string {
	if c == NoConverted {
		return ""
	}
	return name(int32(c), "UTF8", "MAP", "MAP_KEY_VALUE", "LIST", "ENUM", "DECIMAL", "DATE", "TIME_MILLIS", "TIME_MICROS",
		"TIMESTAMP_MILLIS", "TIMESTAMP_MICROS", "UINT_8", "UINT_16", "UINT_32", "UINT_64", "INT_8", "INT_16", "INT_32", "INT_64",
		"JSON", "BSON", "INTERVAL")
}

// LogicalKind is the newer annotation of what a node means.
type LogicalKind int16

// The logical types, numbered as the fields of the footer's union. NoLogical marks a node
// without one; a kind that has no name here comes from a newer format.
const (
	NoLogical LogicalKind = iota
	LogicalString
	LogicalMap
	LogicalList
	LogicalEnum
	LogicalDecimal
	LogicalDate
	LogicalTime
	LogicalTimestamp
	_ // interval, reserved
	LogicalInteger
	LogicalNull
	LogicalJSON
	LogicalBSON
	LogicalUUID
	LogicalFloat16
	LogicalVariant
	LogicalGeometry
	LogicalGeography
)

// String gives the format's name for k.
func (k LogicalKind) String() string {
	return name(int32(k), "", "STRING", "MAP", "LIST", "ENUM", "DECIMAL", "DATE", "TIME", "TIMESTAMP", "INTERVAL", "INTEGER",
		"NULL", "JSON", "BSON", "UUID", "FLOAT16", "VARIANT", "GEOMETRY", "GEOGRAPHY")
}

// Unit is the unit of a time or timestamp.
type Unit int16

// The units, numbered as in the footer.
const (
	NoUnit Unit = iota
	Millis
	Micros
	Nanos
)

// String gives the format's name for u.
func (u Unit) String() string { return name(int32(u), "", "MILLIS", "MICROS", "NANOS") }

// Encoding is how a page's values or levels are encoded.
type Encoding int32

// The encodings, numbered as in the footer.
const (
	Plain Encoding = iota
	_
	PlainDictionary
	RLE
	BitPacked
	DeltaBinaryPacked
	DeltaLengthByteArray
	DeltaByteArray
	RLEDictionary
	ByteStreamSplit
)

// String gives the format's name for e.
func (e Encoding) String() string {
	return name(int32(e), "PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED",
		"DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT")
}

// Codec is how a chunk's pages are compressed.
type Codec int32

// The codecs, numbered as in the footer.
const (
	Uncompressed Codec = iota
	Snappy
	Gzip
	LZO
	Brotli
	LZ4
	Zstd
	LZ4Raw
)

// String gives the format's name for c.
func (c Codec) String() string {
	return name(int32(c), "UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW")
}

func name(v int32, names ...string) string {
	if v >= 0 && int(v) < len(names) {
		return names[v]
	}
	return "unknown(" + strconv.Itoa(int(v)) + ")"
}
