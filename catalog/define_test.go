package catalog

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type geo struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

type base struct {
	EventID string `json:"event_id" lake:"required,comment=who, what"`
	Shadow  string `json:"shadow"`
}

type audit struct {
	Shadow string `json:"shadow"`
	By     string
}

type everything struct {
	base
	*audit
	Bool   bool    `json:"bool"`
	I8     int8    `json:"i8"`
	I16    int16   `json:"i16"`
	I32    int32   `json:"i32"`
	I64    int64   `json:"i64"`
	Int    int     `json:"int"`
	U8     uint8   `json:"u8"`
	U16    uint16  `json:"u16"`
	U32    uint32  `json:"u32"`
	U64    uint64  `json:"u64" lake:"decimal(20,0)"`
	F32    float32 `json:"f32"`
	F64    float64 `json:"f64"`
	Str    string  `json:"str"`
	Name   string  `json:"name" lake:"varchar(16)"`
	Bytes  []byte  `json:"bytes"`
	Raw    [4]byte `json:"raw"`
	When   time.Time
	Day    Date              `json:"day"`
	Price  Decimal           `json:"price" lake:"decimal(10,2)"`
	Prices []Decimal         `json:"prices" lake:"array<decimal(10,2)>"`
	Geo    *geo              `json:"geo"`
	Path   []geo             `json:"path"`
	Tags   map[string]string `json:"tags"`
	Counts map[int32]float64 `json:"counts"`
	ByDay  map[Date][]int    `json:"by_day"`
	Any    any               `json:"any" lake:"map<string,string>"`
	JSON   json.RawMessage   `json:"json" lake:"struct<a:int>"`
	Number json.Number       `json:"number" lake:"decimal(38,9)"`
	Quoted int               `json:"quoted,string"`
	IP     netip.Addr        `json:"ip"`
	Opt    *string           `json:"opt,omitempty"`
	//lint:ignore SA5008 a key that is a dash is the case under test
	Dash    string             `json:"-,"  lake:"name=dash"` //nolint:staticcheck // as above
	Odd     string             `json:"user-id" lake:"name=user_id"`
	Epoch   int64              `json:"epoch" lake:"timestamp"`
	Mixed   string             `json:"MixedCase"`
	Skipped chan int           `json:"-"`
	Nested  map[string][]*base `json:"nested"`
	//lint:ignore U1000 encoding/json leaves it out too
	private int
}

func TestDefineTypes(t *testing.T) {
	t.Parallel()
	tab, err := Define[everything]("lab.everything", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range tab.Fields() {
		s := f.Name + " " + f.Type.String()
		if f.JSON != "" {
			s += " key=" + f.JSON
		}
		if f.Required {
			s += " required"
		}
		if f.Comment != "" {
			s += " comment=" + f.Comment
		}
		got = append(got, s)
	}
	want := strings.Split(strings.TrimSpace(`
event_id string required comment=who, what
by string key=By
bool boolean
i8 tinyint
i16 smallint
i32 int
i64 bigint
int bigint
u8 smallint
u16 int
u32 bigint
u64 decimal(20,0)
f32 float
f64 double
str string
name varchar(16)
bytes binary
raw array<smallint>
when timestamp key=When
day date
price decimal(10,2)
prices array<decimal(10,2)>
geo struct<lat:double,lon:double>
path array<struct<lat:double,lon:double>>
tags map<string,string>
counts map<int,double>
by_day map<string,array<bigint>>
any map<string,string>
json struct<a:int>
number decimal(38,9)
quoted string
ip string
opt string
dash string key=-
user_id string key=user-id
epoch timestamp
mixedcase string key=MixedCase
nested map<string,array<struct<event_id:string,shadow:string>>>`), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	params := tab.Parameters()
	for k, v := range map[string]string{
		"lakekit.json.by": "By", "lakekit.json.user_id": "user-id", "lakekit.json.dash": "-",
		"lakekit.required": "event_id,nested.value.element.event_id",
	} {
		if params[k] != v {
			t.Errorf("parameter %s = %q, want %q", k, params[k], v)
		}
	}
}

// The columns must be the keys that encoding/json writes, whatever the embedding.
func TestDefineAgreesWithJSON(t *testing.T) {
	t.Parallel()
	fields, err := structFields(typeOf[everything]())
	if err != nil {
		t.Fatal(err)
	}
	s := "x"
	data, err := json.Marshal(everything{audit: &audit{}, Opt: &s, JSON: json.RawMessage("{}"), Number: "0"})
	if err != nil {
		t.Fatal(err)
	}
	var written map[string]json.RawMessage
	if err := json.Unmarshal(data, &written); err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if _, ok := written[f.key()]; !ok {
			t.Errorf("column %s: encoding/json writes no key %q", f.Name, f.key())
		}
		delete(written, f.key())
	}
	for k := range written {
		t.Errorf("encoding/json writes %q, and no column has it", k)
	}
}

type selfish struct {
	Next []*selfish `json:"next"`
}

type stamped struct {
	time.Time
	ID string
}

func TestDefineComplaints(t *testing.T) {
	t.Parallel()
	type collide struct {
		ID  string `json:"ID"`
		Id2 string `json:"id"`
	}
	type tags struct {
		URL     string         `json:"url" lake:"bigint"`
		Price   float64        `json:"price" lake:"decmial(10,2)"`
		Amount  Decimal        `json:"amount"`
		Raw     any            `json:"raw"`
		Big     uint64         `json:"big"`
		Fun     func()         `json:"fun"`
		Loop    selfish        `json:"loop"`
		Key     string         `json:"user-id"`
		Points  []geo          `json:"points" lake:"string"`
		ByPoint map[[2]int]int `json:"by_point"`
		At      time.Time      `json:"at" lake:"date"`
		Flag    bool           `json:"flag" lake:"int"`
	}
	for _, c := range []struct {
		name string
		err  error
		want []string
	}{
		{"collision", defineErr[collide](nil), []string{`id: two fields are called id in the table (keys "ID" and "id"): rename one with lake:"name=..."`}},
		{"every complaint", defineErr[tags](&TableOptions{Location: "lake/raw"}), []string{
			`Location: "lake/raw" has no scheme: write s3://lake/raw`,
			`tags.URL: lake:"bigint" contradicts its type string, a string in JSON: use string, varchar(n), date or timestamp, or a Go type that suits the tag`,
			`tags.Price: lake:"decmial(10,2)": "decmial(10,2)" is neither a type nor required, name= or comment=: decmial is not a type`,
			`tags.Amount: a Decimal needs its precision and scale: lake:"decimal(10,2)"`,
			`tags.Raw: interface {} can be anything: give the type with a lake tag`,
			`tags.Big: uint64 has values that bigint does not hold: use lake:"decimal(20,0)", or lake:"bigint" if there are none`,
			`tags.Fun: func() has no form in JSON: leave it out with json:"-"`,
			`tags.Loop.Next[]: catalog.selfish contains itself`,
			`tags.Key: key "user-id" is no column name (letters, digits and underscores): give one with lake:"name=user_id"`,
			`tags.Points: lake:"string" contradicts its type []catalog.geo, an array in JSON: use array<...>`,
			`tags.ByPoint: map keys are text or integers in JSON, not [2]int`,
			`tags.At: lake:"date" contradicts its type time.Time, a string in JSON: use timestamp, timestamptz or string`,
			`tags.Flag: lake:"int" contradicts its type bool, true or false in JSON: use boolean`,
		}},
		{"own marshaler", defineErr[stamped](nil), []string{"catalog.stamped has its own MarshalJSON"}},
		{"no struct", defineErr[[]int](nil), []string{"[]int is not a struct of columns"}},
		{"hive timestamptz", defineErr[struct {
			At time.Time `json:"at" lake:"timestamptz"`
		}](nil), []string{"at: timestamptz exists in Iceberg tables only: use timestamp, which holds the instant in UTC"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.err == nil {
				t.Fatal("no error")
			}
			lines := strings.Split(c.err.Error(), "\n")
			lines[0] = strings.TrimPrefix(lines[0], `catalog: table "db.t": `)
			if len(lines) != len(c.want) {
				t.Errorf("%d complaints, want %d:\n%s", len(lines), len(c.want), c.err)
			}
			for i, want := range c.want {
				if i < len(lines) && !strings.Contains(lines[i], want) {
					t.Errorf("complaint %d:\n%s\nwant\n%s", i, lines[i], want)
				}
			}
		})
	}
}

func TestMustDefinePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("MustDefine did not panic")
		}
	}()
	MustDefine[int]("db.t", nil)
}
