// Package jsoncol turns JSON records into columns, directed by a schema, in one pass and
// without intermediate values: [Parser.Append] reads a record's bytes and puts each value
// into the vector of its leaf column (see [column.Batch]). It allocates nothing per record.
//
// # What it takes
//
// A record is one JSON object, or several one after another; each becomes a row. A record
// is taken whole or leaves no trace.
//
//   - A key is matched exactly, else without regard to case, as encoding/json does. A key
//     that no column wants is checked for syntax and dropped. When a key comes twice the last
//     one counts, whole; that goes for maps too. Two keys in an object that differ in case
//     only and are the same column's are an error, as they are of the OpenX SerDe (JSONException:
//     Duplicate key, says Athena's guide): the value of one of them would be lost. The OpenX
//     SerDe refuses such keys where no column wants them too, and keys that come twice.
//   - null and a missing key are NULL; for a required column they are an error.
//   - boolean takes true and false. The integers take a number with a whole value in their
//     range (5.0 and 1e3 are whole). float and double take any number that does not overflow,
//     rounded as IEEE 754 wants. decimal takes a number that it holds exactly.
//   - string takes a string, and any other value but null as its JSON text, byte for byte, as
//     the OpenX SerDe does: it is the column of values of which no narrower type is known.
//   - varchar and char take a string; one that is too long is an error, never cut.
//     A surrogate escape without its other half becomes U+FFFD, as in encoding/json.
//   - binary and fixed take standard base64, uuid its 36-character form.
//   - date takes yyyy-MM-dd. timestamp takes RFC 3339 (an offset is applied; without one the
//     time is UTC), yyyy-[M]M-[d]d HH:mm:ss[.S], a date alone, and a number: seconds since
//     1970, or milliseconds when it has 13 digits or more. time takes HH:mm:ss[.S]. Digits
//     behind the microsecond are dropped.
//   - array takes an array, map and struct take an object. A map's key is read from the
//     key's text by the same rules.
//
// Anything else is a wrong type; numbers, for one, are not read from strings. Text must be
// valid UTF-8.
//
// # Speed
//
// Producers write the same keys in the same order with the same spacing. The parser
// remembers, for every key, the bytes from the separator to the value and which key came
// next, so that a record like the one before it costs one wide compare per key. A key out of
// order costs one hash lookup and corrects what is remembered.
//
// # Errors
//
// An [Error] names the column and the rule that the record broke, with the code that Amazon
// Data Firehose uses. It never holds the value.
package jsoncol
