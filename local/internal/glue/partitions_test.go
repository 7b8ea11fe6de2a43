package glue

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/google/go-cmp/cmp"
	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/internal/vfs/vfstest"
	"github.com/lakekit/lakekit/local/internal/service/servicetest"
)

const clicks = `"DatabaseName":"web","TableName":"clicks"`

// addPartitions makes partitions for days of May and all hours.
func addPartitions(t testing.TB, s *Service, days ...int) {
	t.Helper()
	for _, d := range days {
		var ps []string
		for h := range 24 {
			ps = append(ps, fmt.Sprintf(`{"Values":["2026-05-%02d","%d"],"StorageDescriptor":{"Location":"s3://lake/%d/%d/","Columns":[{"Name":"id","Type":"bigint"}]}}`, d, h, d, h))
		}
		if out := must(t, s, "BatchCreatePartition", `{`+clicks+`,"PartitionInputList":[`+strings.Join(ps, ",")+`]}`); out != `{}` {
			t.Fatal(out)
		}
	}
}

func listed(t *testing.T, s *Service, in *awsglue.GetPartitionsInput) (got []string) {
	t.Helper()
	in.DatabaseName, in.TableName = aws.String("web"), aws.String("clicks")
	p := awsglue.NewGetPartitionsPaginator(client(s), in)
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range out.Partitions {
			got = append(got, strings.Join(x.Values, "/"))
		}
	}
	return got
}

func TestGetPartitions(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	addPartitions(t, s, 23, 24, 25)
	got := listed(t, s, &awsglue.GetPartitionsInput{Expression: aws.String("dt = '2026-05-24' AND hr BETWEEN 9 AND 11"), MaxResults: aws.Int32(2)})
	slices.Sort(got)
	if diff := cmp.Diff([]string{"2026-05-24/10", "2026-05-24/11", "2026-05-24/9"}, got); diff != "" {
		t.Error(diff)
	}
	for _, size := range []int32{1, 7, 72, 1000} {
		if got := listed(t, s, &awsglue.GetPartitionsInput{MaxResults: aws.Int32(size)}); len(got) != 72 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 72 {
			t.Errorf("pages of %d give %d partitions", size, len(got))
		}
	}
	_, out := post(s, "GetPartitions", `{`+clicks+`,"Expression":"hr = 3 and dt = '2026-05-23'","ExcludeColumnSchema":true}`)
	if strings.Contains(out, `"Columns"`) || !strings.Contains(out, `"Location":"s3://lake/23/3/"`) {
		t.Error(out)
	}
	if out := must(t, s, "GetPartition", `{`+clicks+`,"PartitionValues":["2026-05-23","3"]}`); !strings.Contains(out, `"Columns":[{"Name":"id","Type":"bigint"}]`) {
		t.Error(out)
	}
}

func TestSegmentsTogetherAreAll(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	addPartitions(t, s, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	all := listed(t, s, &awsglue.GetPartitionsInput{})
	var got []string
	for i := range int32(4) {
		_, out := post(s, "GetPartitions", fmt.Sprintf(`{%s,"Segment":{"SegmentNumber":%d,"TotalSegments":4}}`, clicks, i))
		n := strings.Count(out, `"Values"`)
		if n < 30 || n > 90 {
			t.Errorf("segment %d has %d of 240 partitions", i, n)
		}
		for _, v := range all {
			d, h, _ := strings.Cut(v, "/")
			if strings.Contains(out, fmt.Sprintf(`["%s","%s"]`, d, h)) {
				got = append(got, v)
			}
		}
	}
	slices.Sort(all)
	slices.Sort(got)
	if diff := cmp.Diff(all, got); diff != "" {
		t.Error(diff)
	}
}

func TestPartitionBatches(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	must(t, s, "CreatePartition", `{`+clicks+`,"PartitionInput":{"Values":["a","1"]}}`)
	if out := must(t, s, "BatchCreatePartition", `{`+clicks+`,"PartitionInputList":[{"Values":["a","1"]},{"Values":["b","1"]},{"Values":["b","1"]},{"Values":["c"]}]}`); out != `{"Errors":[{"PartitionValues":["a","1"],"ErrorDetail":{"ErrorCode":"AlreadyExistsException","ErrorMessage":"Partition already exists."}},{"PartitionValues":["b","1"],"ErrorDetail":{"ErrorCode":"AlreadyExistsException","ErrorMessage":"Partition already exists."}},{"PartitionValues":["c"],"ErrorDetail":{"ErrorCode":"InvalidInputException","ErrorMessage":"The number of partition keys do not match the number of partition values: table clicks has 2 keys, 1 values are given"}}]}` {
		t.Error(out)
	}
	must(t, s, "UpdatePartition", `{`+clicks+`,"PartitionValueList":["a","1"],"PartitionInput":{"Values":["a","1"],"Parameters":{"x":"y"}}}`)
	// The first makes room for the second.
	if out := must(t, s, "BatchUpdatePartition", `{`+clicks+`,"Entries":[{"PartitionValueList":["b","1"],"PartitionInput":{"Values":["c","1"]}},{"PartitionValueList":["a","1"],"PartitionInput":{"Values":["b","1"],"Parameters":{"x":"z"}}},{"PartitionValueList":["q","1"],"PartitionInput":{"Values":["b","1"]}}]}`); out != `{"Errors":[{"PartitionValueList":["q","1"],"ErrorDetail":{"ErrorCode":"EntityNotFoundException","ErrorMessage":"Cannot find partition."}}]}` {
		t.Error(out)
	}
	if diff := cmp.Diff([]string{"b/1", "c/1"}, listed(t, s, &awsglue.GetPartitionsInput{})); diff != "" {
		t.Error(diff)
	}
	out := must(t, s, "BatchGetPartition", `{`+clicks+`,"PartitionsToGet":[{"Values":["b","1"]},{"Values":["z","1"]}]}`)
	if !strings.Contains(out, `"Parameters":{"x":"z"}`) || strings.Count(out, `"Values"`) != 1 || !strings.HasSuffix(out, `"UnprocessedKeys":[]}`) {
		t.Error(out)
	}
	if out := must(t, s, "BatchDeletePartition", `{`+clicks+`,"PartitionsToDelete":[{"Values":["b","1"]},{"Values":["b","1"]}]}`); out != `{"Errors":[{"PartitionValues":["b","1"],"ErrorDetail":{"ErrorCode":"EntityNotFoundException","ErrorMessage":"Cannot find partition."}}]}` {
		t.Error(out)
	}
	must(t, s, "DeletePartition", `{`+clicks+`,"PartitionValues":["c","1"]}`)
	if got := listed(t, s, &awsglue.GetPartitionsInput{}); got != nil {
		t.Errorf("left: %v", got)
	}
}

func TestPartitionErrors(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	must(t, s, "CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"flat"}}`)
	must(t, s, "CreatePartition", `{`+clicks+`,"PartitionInput":{"Values":["a","1"]}}`)
	values := func(n int, form string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(form, i)
		}
		return strings.Join(parts, ",")
	}
	for _, c := range []struct{ op, body, want string }{
		{"CreatePartition", `{` + clicks + `,"PartitionInput":{"Values":["a","1"]}}`, "AlreadyExistsException: Partition already exists."},
		{"CreatePartition", `{"DatabaseName":"web","TableName":"flat","PartitionInput":{"Values":["a"]}}`, "InvalidInputException: Table flat is not partitioned."},
		{"GetPartition", `{` + clicks + `,"PartitionValues":["b","1"]}`, "EntityNotFoundException: Cannot find partition."},
		{"GetPartitions", `{` + clicks + `,"Expression":"id = 1"}`, `InvalidInputException: Expression: "id" is not a partition key; the table's are [dt, hr]`},
		{"GetPartitions", `{` + clicks + `,"Segment":{"SegmentNumber":2,"TotalSegments":2}}`, "InvalidInputException: Segment.SegmentNumber: 2 is not between 0 and TotalSegments - 1, which is 1"},
		{"GetPartitions", `{` + clicks + `,"Segment":{"SegmentNumber":0,"TotalSegments":11}}`, "InvalidInputException: Segment.TotalSegments: 11 is not between 1 and 10"},
		{"GetPartitions", `{` + clicks + `,"TransactionId":"x"}`, "InvalidInputException: TransactionId: the local catalog has no transactions; leave it out"},
		{"BatchCreatePartition", `{` + clicks + `,"PartitionInputList":[` + values(101, `{"Values":["%d","1"]}`) + `]}`, "InvalidInputException: 1 validation error detected: Value at 'partitionInputList' failed to satisfy constraint: Member must have length less than or equal to 100"},
		{"BatchDeletePartition", `{` + clicks + `,"PartitionsToDelete":[` + values(26, `{"Values":["%d","1"]}`) + `]}`, "InvalidInputException: 1 validation error detected: Value at 'partitionsToDelete' failed to satisfy constraint: Member must have length less than or equal to 25"},
		{"UpdateTable", `{"DatabaseName":"web","TableInput":{"Name":"clicks","PartitionKeys":[{"Name":"dt","Type":"string"}]}}`, "InvalidInputException: TableInput.PartitionKeys: the table has partitions with 2 values; delete them before changing the number of keys to 1"},
		{"CreatePartitionIndex", `{` + clicks + `,"PartitionIndex":{"IndexName":"i","Keys":["zz"]}}`, `InvalidInputException: PartitionIndex.Keys: "zz" is not a partition key of the table`},
		{"DeletePartitionIndex", `{` + clicks + `,"IndexName":"i"}`, "EntityNotFoundException: Index with the given indexName : i does not exist"},
	} {
		if got := refused(t, s, c.op, c.body); got != c.want {
			t.Errorf("%s %.200s:\n got %s\nwant %s", c.op, c.body, got, c.want)
		}
	}
}

const longStats = `{"ColumnName":"Id","ColumnType":"bigint","AnalyzedTime":1780000000,"StatisticsData":{"Type":"LONG","LongColumnStatisticsData":{"NumberOfNulls":1,"NumberOfDistinctValues":7}}}`

func TestColumnStatistics(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	must(t, s, "CreatePartition", `{`+clicks+`,"PartitionInput":{"Values":["a","1"]}}`)
	for _, of := range []struct{ name, ref string }{{"Table", clicks}, {"Partition", clicks + `,"PartitionValues":["a","1"]`}} {
		out := must(t, s, "UpdateColumnStatisticsFor"+of.name, `{`+of.ref+`,"ColumnStatisticsList":[`+longStats+`,{"ColumnName":"zz","StatisticsData":{"Type":"LONG"}}]}`)
		if !strings.HasPrefix(out, `{"Errors":[{"ColumnStatistics":{"ColumnName":"zz"`) {
			t.Error(out)
		}
		out = must(t, s, "GetColumnStatisticsFor"+of.name, `{`+of.ref+`,"ColumnNames":["id","url"]}`)
		if want := `{"ColumnStatisticsList":[` + longStats + `],"Errors":[{"ColumnName":"url","Error":{"ErrorCode":"EntityNotFoundException","ErrorMessage":"Statistics of column url not found."}}]}`; out != want {
			t.Errorf("got %s", out)
		}
		must(t, s, "DeleteColumnStatisticsFor"+of.name, `{`+of.ref+`,"ColumnName":"ID"}`)
		if got := refused(t, s, "DeleteColumnStatisticsFor"+of.name, `{`+of.ref+`,"ColumnName":"id"}`); got != "EntityNotFoundException: Statistics of column id not found." {
			t.Error(got)
		}
	}
	if got := refused(t, s, "GetColumnStatisticsForPartition", `{`+clicks+`,"PartitionValues":["z","1"],"ColumnNames":["id"]}`); got != "EntityNotFoundException: Cannot find partition." {
		t.Error(got)
	}
	out, err := client(s).GetColumnStatisticsForTable(t.Context(), &awsglue.GetColumnStatisticsForTableInput{DatabaseName: aws.String("web"), TableName: aws.String("clicks"), ColumnNames: []string{"id"}})
	if err != nil || len(out.Errors) != 1 {
		t.Errorf("%v, %v", out, err)
	}
}

func TestPartitionIndexes(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	must(t, s, "CreatePartitionIndex", `{`+clicks+`,"PartitionIndex":{"IndexName":"byHour","Keys":["hr"]}}`)
	if got := refused(t, s, "CreatePartitionIndex", `{`+clicks+`,"PartitionIndex":{"IndexName":"byhour","Keys":["hr"]}}`); got != "AlreadyExistsException: Index with the given indexName : byhour already exists" {
		t.Error(got)
	}
	if out := must(t, s, "GetPartitionIndexes", `{`+clicks+`}`); out != `{"PartitionIndexDescriptorList":[{"IndexName":"byHour","Keys":[{"Name":"hr","Type":"int"}],"IndexStatus":"ACTIVE"}]}` {
		t.Error(out)
	}
	must(t, s, "DeletePartitionIndex", `{`+clicks+`,"IndexName":"byHour"}`)
	if out := must(t, s, "GetPartitionIndexes", `{`+clicks+`}`); out != `{"PartitionIndexDescriptorList":[]}` {
		t.Error(out)
	}
}

// everything gives the whole state through the API.
func everything(t *testing.T, s *Service) string {
	t.Helper()
	var b strings.Builder
	for _, c := range [][2]string{
		{"GetDatabases", `{}`},
		{"GetTables", `{"DatabaseName":"web"}`},
		{"GetTableVersions", `{` + clicks + `}`},
		{"GetPartitions", `{` + clicks + `}`},
		{"GetPartitionIndexes", `{` + clicks + `}`},
		{"GetColumnStatisticsForTable", `{` + clicks + `,"ColumnNames":["id"]}`},
		{"GetColumnStatisticsForPartition", `{` + clicks + `,"PartitionValues":["2026-05-24","9"],"ColumnNames":["id"]}`},
		{"GetTags", `{"ResourceArn":"arn:aws:glue:us-east-1:000000000000:table/web/clicks"}`},
	} {
		b.WriteString(c[0] + must(t, s, c[0], c[1]) + "\n")
	}
	return b.String()
}

// What was acknowledged is there after kill -9 (no Close), also behind compactions.
func TestReopenAfterKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openAt(t, dir)
	withTable(t, s)
	addPartitions(t, s, 24, 25)
	must(t, s, "CreatePartitionIndex", `{`+clicks+`,"PartitionIndex":{"IndexName":"byHour","Keys":["hr"]}}`)
	must(t, s, "UpdateColumnStatisticsForTable", `{`+clicks+`,"ColumnStatisticsList":[`+longStats+`]}`)
	must(t, s, "UpdateColumnStatisticsForPartition", `{`+clicks+`,"PartitionValues":["2026-05-24","9"],"ColumnStatisticsList":[`+longStats+`]}`)
	must(t, s, "TagResource", `{"ResourceArn":"arn:aws:glue:us-east-1:000000000000:table/web/clicks","TagsToAdd":{"a":"1"}}`)
	if _, err := client(s).UpdateTable(t.Context(), update("0", "kept", false)); err != nil {
		t.Fatal(err)
	}
	want := everything(t, s)
	s = openAt(t, dir)
	if diff := cmp.Diff(want, everything(t, s)); diff != "" {
		t.Fatal(diff)
	}
	// Iceberg's commits skip the archive: thousands leave one version and a short log.
	pad := strings.Repeat("p", 2000)
	for i := range 2000 {
		if _, err := client(s).UpdateTable(t.Context(), update(fmt.Sprint(i+1), pad+fmt.Sprint(i), true)); err != nil {
			t.Fatal(err)
		}
	}
	want = everything(t, s)
	s = openAt(t, dir)
	if diff := cmp.Diff(want, everything(t, s)); diff != "" {
		t.Fatal(diff)
	}
	logs, err := filepath.Glob(filepath.Join(dir, "log", "*"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("%v, %v", logs, err)
	}
	st, err := os.Stat(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	if st.Size() > 2<<20 {
		t.Errorf("the log has %d bytes", st.Size())
	}
}

func TestAFullDiskRefusesAndLosesNothing(t *testing.T) {
	t.Parallel()
	fsys := vfstest.NewFaulty(vfs.OS{})
	env := servicetest.Env(t.TempDir())
	env.FS = fsys
	s, err := Open(env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	withTable(t, s)
	fsys.Fill(2000)
	stored := 0
	for i := range 20 {
		if code, _ := post(s, "CreatePartition", fmt.Sprintf(`{%s,"PartitionInput":{"Values":["d%02d","1"]}}`, clicks, i)); code == http.StatusOK {
			stored++
		}
	}
	if stored == 0 || stored == 20 {
		t.Fatalf("%d of 20 were stored", stored)
	}
	got := refused(t, s, "UpdateDatabase", `{"Name":"web","DatabaseInput":{"Name":"web","Description":"`+strings.Repeat("x", 2000)+`"}}`)
	if !strings.HasPrefix(got, "InternalFailure: local glue: the change was not made: ") || !strings.HasSuffix(got, "no space left on device") {
		t.Error(got)
	}
	in := listed(t, s, &awsglue.GetPartitionsInput{})
	fsys.Mend()
	s2, err := Open(env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s2.Close() })
	if diff := cmp.Diff(in, listed(t, s2, &awsglue.GetPartitionsInput{})); diff != "" || len(in) != stored {
		t.Errorf("%d stored, %d there: %s", stored, len(in), diff)
	}
	if out := must(t, s2, "GetDatabase", `{"Name":"web"}`); !strings.Contains(out, `"Description":"the site"`) {
		t.Error(out)
	}
}

func TestClosedServiceRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if got := refused(t, s, "DeleteTable", `{"DatabaseName":"web","Name":"clicks"}`); !strings.HasPrefix(got, "InternalFailure: ") {
		t.Error(got)
	}
}

func BenchmarkGetPartitions(b *testing.B) {
	s, err := Open(servicetest.Env(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	withTable(b, s)
	for d := range 28 {
		addPartitions(b, s, d)
	}
	b.ReportAllocs()
	for b.Loop() {
		must(b, s, "GetPartitions", `{`+clicks+`,"Expression":"dt = '2026-05-24' AND hr BETWEEN 9 AND 11"}`)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
