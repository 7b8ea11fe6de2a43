package parquetout_test

import (
	"fmt"
	"log"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/column"
	"github.com/lakekit/lakekit/internal/parquetout"
	"github.com/lakekit/lakekit/internal/parquetout/parquettest"
)

func Example() {
	columns, err := column.NewSchema([]catalog.Field{
		{Name: "id", Type: catalog.Type{Kind: catalog.KindBigInt}},
		{Name: "url", Type: catalog.Type{Kind: catalog.KindString}},
	})
	if err != nil {
		log.Fatal(err)
	}
	batch := parquettest.Batch(columns, []parquettest.Row{{int64(1), "/a"}, {int64(2), nil}, {int64(3), "/b"}})

	var pool parquetout.Pool
	w, err := parquetout.NewWriter(parquetout.NewSchema(columns), &pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Append(batch, []int32{0, 1}); err != nil { // the first two rows
		log.Fatal(err)
	}
	f, err := w.Finish()
	if err != nil {
		log.Fatal(err)
	}
	defer f.Release()
	url := f.Columns[1]
	fmt.Printf("%d rows; url: %d null, from %q to %q\n", f.Rows, url.Nulls, url.Min, url.Max)
	// Output: 2 rows; url: 1 null, from "/a" to "/a"
}
