package catalog

// Kind is what a [Type] is at its top level. The names are those of Athena's DDL.
type Kind uint8

// The kinds. Time, UUID and Fixed exist in Iceberg only; Athena can read but not create them.
const (
	KindBoolean Kind = iota + 1
	KindTinyInt
	KindSmallInt
	KindInt
	KindBigInt
	KindFloat
	KindDouble
	KindDecimal
	KindString
	KindVarchar
	KindChar
	KindBinary
	KindDate
	KindTimestamp
	KindTimestampTZ
	KindTime
	KindUUID
	KindFixed
	KindArray
	KindMap
	KindStruct
)

// Type is a column's type. The zero Type is not valid.
type Type struct {
	Kind Kind
	// Precision (1 to 38) and Scale (0 to Precision) are a decimal's.
	Precision, Scale int
	// Length is a varchar's (1 to 65535), a char's (1 to 255) or a fixed's, in characters
	// or bytes.
	Length int
	// Elem is an array's element or a map's value; Key a map's key.
	Elem, Key *Type
	// Fields are a struct's.
	Fields []Field
}

// Field is a column of a table or a member of a struct.
type Field struct {
	// Name is the column's name, in lower case.
	Name string
	// JSON is the exact key in a JSON record. Empty means Name.
	JSON string
	// Type is the value's type.
	Type Type
	// Required makes an Iceberg field required, and a record without it an error record.
	Required bool
	// Comment is shown by the catalog.
	Comment string
	// ID is the Iceberg field id. Zero means none.
	ID int
}
