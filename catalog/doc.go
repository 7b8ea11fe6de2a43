// Package catalog says what a table is: its columns, its partition columns and how their
// values follow from the fields of a record, its place and its format. A table is declared
// once, from a Go struct ([Define]), from columns ([New]), from a CREATE TABLE ([FromDDL]) or
// from the Glue Data Catalog ([FromGlue], [Client.Table]). From that one value come the Glue
// table and its projection ([Table.TableInput]), Athena's DDL ([Table.DDL]), the schema that
// a delivery converts by ([Table.RecordFields]), where a record's partition lies
// ([Derivation.OfTime], [Table.PartitionLocation]), and the proof that a filter on a field is
// also one on a partition column ([Derivation.Bounds]).
//
// A [Table] is immutable and safe for concurrent use, and so is a [Client].
//
// # Columns and time
//
// A column's name is the lower case of the key in JSON; the exact key stays with the table.
// Every column is nullable. A [time.Time] is an instant, kept as its UTC wall clock in a
// timestamp. [Decimal] and [Date] are exact. What the types are called in Glue, in Athena's
// DDL and in its queries: [Type.String] and [Type.DML].
//
// # Derivations
//
// A derivation, such as dt=day(event_ts,Europe/Berlin), is a claim about every row of the
// table: the partition column dt is the day on which event_ts falls in Berlin. It is kept with
// the table as the parameter lakekit.derive.dt, so tables that others write can have one too.
// Writers make it true; queries rely on it, so a wrong one loses rows. Two things keep it
// honest:
//
//   - Clocks that are set forward and back are part of it. [Derivation.OfTime] gives the span
//     over which a value holds, and [Derivation.Bounds] bounds the values of a range of
//     instants even where a day came twice.
//   - Formats are the letters of java.time that do not depend on a locale (yyyy, MM, dd, HH, mm,
//     ss and literals). Others are refused. Whether texts have the order of time is worked
//     out ([Derivation.Ordered]), not assumed.
//
// late=3h says that the table is laid out by arrival, at most three hours after the instant.
//
// # Inference
//
// [InferJSON], [InferCSV] and [InferParquet] find the columns of data. The types widen along
// one lattice, and where a column becomes wider than its first values look, a [Note] says why
// and at which lines; notes hold no data.
//
//	null -> anything
//	bigint -> decimal(38,0)      a whole number beyond bigint
//	bigint, decimal -> double    a fraction or an exponent
//	date -> timestamp -> string  times only if InferOptions.Times says so
//	struct + struct              member by member; array + array: element by element
//	struct -> map                beyond 1000 different keys, which are then values
//	anything else -> string      with a note
//
// A whole number is a bigint from the start: a sample says nothing about the largest value
// to come. Glue's crawler has no published rule for conflicts in JSON; these are lakekit's.
// Memory grows with the number of different keys, not with the data.
//
// # Plans
//
// [Client.Plan] compares a declared table with the catalog's. A change adds (a column), widens
// (int to bigint, float to double, more digits, longer text, in text files also anything to
// string), sets (a parameter, a comment), or breaks: then readers fail or rows are no longer
// found, and [Plan.Apply] refuses it unless it is named. Columns and wider types that only the
// catalog has stay, as do the parameters of other tools. [Plan.Table] is the table to write
// by. Apply sends the version that was compared, so a table that someone changed in between is
// an error ([ErrStale]), not an overwrite.
//
// # Errors
//
// Declarations are checked whole: an error has a line per complaint, each naming the place, the
// rule and the mend. A failed call's error wraps the SDK's; a context's error passes as it is.
//
// # Limits
//
// Iceberg tables are created and changed through Athena's statements ([Table.DDL]), because
// Glue holds no more than a pointer to their metadata; [FromGlue] therefore does not know how
// an Iceberg table is partitioned unless lakekit.derive parameters say so. Bucketing
// (CLUSTERED BY) is read over. Views and uniontype are refused. Partition projection is
// Athena's alone: Spark, EMR and Redshift Spectrum see no partitions of a projected table. A
// projection may span a million partitions, NOW counted as the end of 2039.
//
// The rules come from Athena's user guide (partition projection, CREATE TABLE, Iceberg
// properties), the Glue API reference, Iceberg's table specification (bucket and truncate,
// type promotion) and the Parquet format's LogicalTypes.
package catalog
