// Package athena asks Amazon Athena questions that are bounded before they run, and reads
// typed answers.
//
// [Select] builds a statement over a table that package catalog declares. A condition on a
// column from which partition columns derive bounds these too, and a query that nothing
// keeps from reading every partition is refused:
//
//	q := athena.Select(clicks.Col("country"), athena.Count().As("views")).
//		From(clicks).
//		Where(clicks.Col("event_ts").In(from, to)).
//		GroupBy(clicks.Col("country")).
//		OrderBy(athena.Desc("views"))
//
// A [Client] runs it, waits for it, and says what it scanned and cost; [Rows] reads its
// rows into a struct, numbers exactly and nested values too. [Query] does both:
//
//	client, err := athena.NewClient(cfg, nil)
//	for row, err := range athena.Query[CountryViews](ctx, client, q) { … }
//
// [SQL] runs any other text, with values as parameters; [Check] holds such a text to the same
// bounds, and proposes the one that its conditions let follow.
//
// # Consistency
//
// What is added to a statement never drops a row that its own conditions keep, if each row
// lies in the partition that the table's derivations name (for a derivation with lateness:
// in that of an instant at most so much later). catalog's derivations are claims; a table
// filled by something else may break them, and a query on the partition columns themselves
// shows it. One edge is Athena's: it rounds the timestamps of Hive tables to milliseconds
// when it reads them, so that a row in the last half millisecond of a day shows the next
// day's first instant, while it lies in the day before: a condition that begins at that
// instant leaves it out.
//
// A statement sees the files that are there when it runs; Athena gives no snapshot of a
// Hive table. The same statement run twice is two queries, unless ReuseResults lets Athena
// answer with an earlier result, for which it does not look whether data has changed.
//
// # Errors
//
// Building reports every mistake at once; an [*UnboundedError] is among them when the scan
// is not bounded. A query that fails, is cancelled or is cut off by its workgroup is a
// [*QueryError]. When ctx ends, its error is given and the query is stopped; should that
// fail too, the error says that the query may go on and cost. Errors name columns, rows and
// types, and never show the values of a result.
//
// # Limits
//
// The builders write SELECTs over one table, at most 262,144 bytes long. Arrays, maps and
// structs come as JSON text: what does not cast to JSON in Athena (binary, char, timestamp
// with time zone, maps with dates as keys) cannot be selected inside of them. A page has at
// most 1,000 rows, and a row at most 32 MB: results of millions of rows are better
// unloaded. Prices are as old as package pricing says.
package athena
