package catalog

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"github.com/lakekit/lakekit/internal/golden"
)

// dump writes all of a table, so that two can be compared as text.
func dump(t *Table) string {
	s := t.effectiveSerde()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetIndent("", " ")
	derivations := make([]string, 0, len(t.partitions))
	partitions := t.Partitions()
	for i := range partitions {
		derivations = append(derivations, partitions[i].String())
		partitions[i].Derivation = Derivation{}
	}
	err := enc.Encode([]any{
		t.String(), t.location, t.comment, t.format, t.fields, t.record, partitions, derivations, t.template, t.Parameters(),
		s.input, s.output, s.library, s.params,
	})
	if err != nil {
		panic(err)
	}
	return b.String()
}

// asGlue is what GetTable gives after CreateTable.
func asGlue(t *testing.T, tab *Table) *gluetypes.Table {
	t.Helper()
	in, err := tab.TableInput()
	if err != nil {
		t.Fatal(err)
	}
	return &gluetypes.Table{
		DatabaseName: aws.String(tab.Database()), Name: in.Name, Description: in.Description, Parameters: in.Parameters,
		PartitionKeys: in.PartitionKeys, StorageDescriptor: in.StorageDescriptor, TableType: in.TableType,
	}
}

type order struct {
	ID       string          `json:"orderId" lake:"required,comment=the shop's own"`
	Customer int64           `json:"customer"`
	Store    int32           `json:"store"`
	Country  string          `json:"country"`
	Total    Decimal         `json:"total" lake:"decimal(12,2)"`
	Placed   time.Time       `json:"placed"`
	Lines    []orderLine     `json:"lines"`
	Notes    map[string]*geo `json:"notes"`
}

type orderLine struct {
	SKU   string `json:"SKU"`
	Order int    `json:"order"`
}

func goldenTables(t *testing.T) map[string]*Table {
	t.Helper()
	def := func(tab *Table, err error) *Table {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return tab
	}
	location := Lake("lake").Raw("orders")
	return map[string]*Table{
		"clicks": clicks(t),
		"orders": def(Define[order]("shop.orders", &TableOptions{
			Location: location,
			Comment:  "what's sold\\ \"here\"",
			PartitionBy: By(
				Day("placed").Zone("Europe/Berlin").Format("yyyyMMdd").Late(36*time.Hour).As("day").Typed(Type{Kind: KindInt}),
				Identity("store"),
				Identity("country").As("market").Typed(Type{Kind: KindString}),
				Bucket("customer", 16).As("shard"),
				Truncate("orderid", 2).As("prefix"),
			),
			Parameters: map[string]string{"parquet.compression": "SNAPPY", "sse_kms_key_id": "alias/lake"},
		})),
		"orders_json": def(Define[order]("shop.orders_json", &TableOptions{
			Location:    location,
			Format:      FormatJSON,
			PartitionBy: By(Year("placed").As("y"), Month("placed").Format("MM").As("m"), Identity("country").Project(Projection{Type: ProjectEnum, Values: []string{"de", "fr", " us"}})),
			Template:    "s3://lake/raw/orders/${country}/${y}-${m}/", ProjectSince: NewDate(2020, time.May, 1),
		})),
		"orders_csv":     def(New("shop.orders_csv", clicksFields(), &TableOptions{Location: location, Format: FormatCSV})),
		"orders_iceberg": def(Define[order]("shop.orders_iceberg", &TableOptions{Location: location, Format: FormatIceberg, PartitionBy: By(Day("placed"), Hour("placed"), Bucket("customer", 16), Truncate("country", 2), Identity("store")), Parameters: map[string]string{"vacuum_min_snapshots_to_keep": "3"}})),
	}
}

func TestGoldenDDL(t *testing.T) {
	t.Parallel()
	for name, tab := range goldenTables(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sql, err := tab.DDL()
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, name+".sql", sql+"\n")
			back, err := FromDDL(sql)
			if err != nil {
				t.Fatal(err)
			}
			if tab.Format() == FormatIceberg {
				tab = withoutKeys(t, tab)
			}
			if diff := cmp.Diff(dump(tab), dump(back)); diff != "" {
				t.Errorf("the statement says something else (-table +statement):\n%s", diff)
			}
		})
	}
}

// withoutKeys is what Athena's statement can say of an Iceberg table.
func withoutKeys(t *testing.T, tab *Table) *Table {
	t.Helper()
	fields := keyed(tab.fields, "", nil, nil)
	for i := range fields {
		fields[i].Required = false
	}
	ps := tab.Partitions()
	out, err := New(tab.String(), fields, &TableOptions{Location: tab.location, Format: tab.format, PartitionBy: ps, Parameters: tab.extra})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGoldenGlue(t *testing.T) {
	t.Parallel()
	for name, tab := range goldenTables(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, err := tab.TableInput()
			if tab.Format() == FormatIceberg {
				if err == nil || !strings.Contains(err.Error(), "create it with the statement that DDL gives") {
					t.Fatalf("TableInput of an Iceberg table: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.MarshalIndent(in, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, name+".glue.json", string(text)+"\n")
			back, err := FromGlue(asGlue(t, tab))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(dump(tab), dump(back)); diff != "" {
				t.Errorf("Glue says something else (-table +Glue):\n%s", diff)
			}
		})
	}
}

// randomType makes a type that every format and statement can hold.
func randomType(r *rand.Rand, depth int) Type {
	kinds := []Kind{KindBoolean, KindTinyInt, KindSmallInt, KindInt, KindBigInt, KindFloat, KindDouble, KindDecimal, KindString, KindVarchar, KindChar, KindBinary, KindDate, KindTimestamp}
	if depth < 4 {
		kinds = append(kinds, KindArray, KindMap, KindStruct)
	}
	t := Type{Kind: kinds[r.IntN(len(kinds))]}
	switch t.Kind {
	case KindDecimal:
		t.Precision = 1 + r.IntN(38)
		t.Scale = r.IntN(t.Precision + 1)
	case KindVarchar, KindChar:
		t.Length = 1 + r.IntN(255)
	case KindArray:
		e := randomType(r, depth+1)
		t.Elem = &e
	case KindMap:
		k, e := Type{Kind: []Kind{KindString, KindInt, KindDate}[r.IntN(3)]}, randomType(r, depth+1)
		t.Key, t.Elem = &k, &e
	case KindStruct:
		t.Fields = randomFields(r, depth+1)
	}
	return t
}

func randomFields(r *rand.Rand, depth int) []Field {
	words := []string{"a", "order", "timestamp", "x1", "_under", "group", "1st", "date", "value", "element", "key", "user_id"}
	r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	var fs []Field
	for _, w := range words[:1+r.IntN(5)] {
		f := Field{Name: w, Type: randomType(r, depth)}
		if r.IntN(3) == 0 {
			f.JSON = strings.ToUpper(w) + "-é'\\"
		}
		f.Required = r.IntN(4) == 0
		if depth == 0 && r.IntN(3) == 0 {
			f.Comment = []string{"it's", `a\b"c`, "größe", "-- no /* comment */; DROP"}[r.IntN(4)]
		}
		fs = append(fs, f)
	}
	return fs
}

// What is rendered must read back as the same table, whatever the schema.
func TestRoundTripsOfGeneratedTables(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 5))
		opts := &TableOptions{
			Location: fmt.Sprintf("s3://lake/raw/t%d", seed), Comment: []string{"", "it's"}[r.IntN(2)],
			Format:     []Format{FormatParquet, FormatJSON, FormatCSV}[r.IntN(3)],
			Parameters: map[string]string{"k'1": `v\`, "x": "\u0001\n"},
		}
		fields := append(randomFields(r, 0), Field{Name: "ts", Type: Type{Kind: KindTimestamp}}, Field{Name: "num", JSON: "NUM", Type: Type{Kind: KindBigInt}})
		if r.IntN(2) == 0 {
			opts.PartitionBy = By(Day("ts").As("dt"), Hour("ts").Late(time.Hour).As("hr"))
			if r.IntN(2) == 0 {
				opts.ProjectSince = NewDate(2020, 2, 3)
			} else {
				opts.PartitionBy = append(opts.PartitionBy, Identity("num"))
			}
		}
		tab, err := New("db.t", fields, opts)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		back, err := FromGlue(asGlue(t, tab))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(dump(tab), dump(back)); diff != "" {
			t.Fatalf("seed %d: Glue says something else (-table +Glue):\n%s", seed, diff)
		}
		sql, err := tab.DDL()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if back, err = FromDDL(sql); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, sql)
		}
		if diff := cmp.Diff(dump(tab), dump(back)); diff != "" {
			t.Fatalf("seed %d: the statement says something else (-table +statement):\n%s\n%s", seed, diff, sql)
		}
	}
}
