// Package trinosql reads and writes the SQL that Athena's Trino engine runs.
//
// [Parse] is a recursive-descent parser: text in, a tree of nodes out, each with its
// position. [Format] writes a tree as canonical SQL that parses to the same tree; it is
// the one renderer of everything that lakekit's builders produce, so no value is ever
// spliced into a statement as text. [Classify] says what a statement is and which of
// Athena's two front ends takes it, also for statements that [Parse] does not take.
//
// The package knows syntax only. Names are not resolved and types not checked.
//
// # What it takes
//
// Queries over one table: SELECT [DISTINCT], FROM, WHERE, GROUP BY, HAVING, ORDER BY,
// OFFSET, LIMIT, with every scalar expression except subqueries, lambdas and the JSON
// path functions. What Trino has and this parser does not take is refused by its name,
// as an [Error] whose Unsupported is set; it is never guessed at.
//
// # Limits
//
// A statement is at most [MaxBytes] long, expressions and types nest at most [MaxDepth]
// deep, and a chain of one operator has at most [MaxChain] links.
package trinosql
