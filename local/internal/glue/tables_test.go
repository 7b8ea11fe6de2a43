package glue

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestATableComesBackAsItWasMade(t *testing.T) {
	t.Parallel()
	s := newService(t)
	c := client(s)
	ctx := t.Context()
	if _, err := c.CreateDatabase(ctx, &awsglue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("Web"), LocationUri: aws.String("s3://lake/"), Parameters: map[string]string{"a": "b"}}}); err != nil {
		t.Fatal(err)
	}
	accessed := time.Unix(1_780_000_000, 500_000_000).UTC()
	in := &gluetypes.TableInput{
		Name: aws.String("clicks"), Description: aws.String("every click"), Owner: aws.String("data"), Retention: 7, TableType: aws.String("EXTERNAL_TABLE"),
		LastAccessTime: &accessed, Parameters: map[string]string{"projection.enabled": "true"},
		PartitionKeys: []gluetypes.Column{{Name: aws.String("dt"), Type: aws.String("string"), Comment: aws.String("day")}},
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Columns:  []gluetypes.Column{{Name: aws.String("geo"), Type: aws.String("struct<lat:double,lon:double>"), Parameters: map[string]string{"iceberg.field.id": "1"}}},
			Location: aws.String("s3://lake/raw/clicks/"), InputFormat: aws.String("in"), OutputFormat: aws.String("out"), NumberOfBuckets: -1, Compressed: true,
			SerdeInfo:     &gluetypes.SerDeInfo{SerializationLibrary: aws.String("lib"), Parameters: map[string]string{"serialization.format": "1"}},
			SortColumns:   []gluetypes.Order{{Column: aws.String("geo"), SortOrder: 1}},
			BucketColumns: []string{"geo"}, Parameters: map[string]string{"x": "y"},
			SkewedInfo: &gluetypes.SkewedInfo{SkewedColumnNames: []string{"geo"}},
		},
	}
	if _, err := c.CreateTable(ctx, &awsglue.CreateTableInput{DatabaseName: aws.String("web"), TableInput: in}); err != nil {
		t.Fatal(err)
	}
	out, err := c.GetTable(ctx, &awsglue.GetTableInput{DatabaseName: aws.String("WEB"), Name: aws.String("Clicks")})
	if err != nil {
		t.Fatal(err)
	}
	got := out.Table
	again := &gluetypes.TableInput{
		Name: got.Name, Description: got.Description, Owner: got.Owner, Retention: got.Retention, TableType: got.TableType,
		LastAccessTime: got.LastAccessTime, Parameters: got.Parameters, PartitionKeys: got.PartitionKeys, StorageDescriptor: got.StorageDescriptor,
	}
	if diff := cmp.Diff(in, again, cmpopts.IgnoreUnexported(gluetypes.TableInput{}, gluetypes.Column{}, gluetypes.StorageDescriptor{}, gluetypes.SerDeInfo{}, gluetypes.Order{}, gluetypes.SkewedInfo{})); diff != "" {
		t.Error(diff)
	}
	if aws.ToString(got.VersionId) != "0" || aws.ToString(got.DatabaseName) != "web" || aws.ToString(got.CatalogId) != "000000000000" || got.CreateTime == nil || time.Since(*got.CreateTime) > time.Minute {
		t.Errorf("version %s, database %s, catalog %s, created %v", aws.ToString(got.VersionId), aws.ToString(got.DatabaseName), aws.ToString(got.CatalogId), got.CreateTime)
	}
}

func update(version, location string, skip bool) *awsglue.UpdateTableInput {
	in := &awsglue.UpdateTableInput{DatabaseName: aws.String("web"), SkipArchive: aws.Bool(skip), TableInput: &gluetypes.TableInput{
		Name: aws.String("clicks"), Parameters: map[string]string{"table_type": "ICEBERG", "metadata_location": location},
		PartitionKeys: []gluetypes.Column{{Name: aws.String("dt")}, {Name: aws.String("hr")}},
	}}
	if version != "" {
		in.VersionId = aws.String(version)
	}
	return in
}

// Two that commit on the same version cannot both win: Iceberg's commits rest on it.
func TestAStaleVersionIsRefused(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	c := client(s)
	ctx := t.Context()
	if _, err := c.UpdateTable(ctx, update("0", "a", true)); err != nil {
		t.Fatal(err)
	}
	_, err := c.UpdateTable(ctx, update("0", "b", true))
	if _, ok := errors.AsType[*gluetypes.ConcurrentModificationException](err); !ok {
		t.Fatalf("a stale version: %v", err)
	}
	out, err := c.GetTable(ctx, &awsglue.GetTableInput{DatabaseName: aws.String("web"), Name: aws.String("clicks")})
	if err != nil {
		t.Fatal(err)
	}
	if out.Table.Parameters["metadata_location"] != "a" || aws.ToString(out.Table.VersionId) != "1" {
		t.Errorf("%v at version %s", out.Table.Parameters, aws.ToString(out.Table.VersionId))
	}
	// Without a version the last one wins, as in the service.
	if _, err := c.UpdateTable(ctx, update("", "c", true)); err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for i := range 6 {
			wg.Go(func() {
				_, err := client(s).UpdateTable(ctx, update(fmt.Sprint(round+2), fmt.Sprint(i), i%2 == 0))
				if _, stale := errors.AsType[*gluetypes.ConcurrentModificationException](err); err != nil && !stale {
					t.Error(err)
				}
				if err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Fatalf("round %d: %d won", round, won)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	c := client(s)
	ctx := t.Context()
	for i, skip := range []bool{false, false, true, false} { // version 3 replaces 2
		if _, err := c.UpdateTable(ctx, update(fmt.Sprint(i), fmt.Sprintf("v%d", i+1), skip)); err != nil {
			t.Fatal(err)
		}
	}
	list := func() (ids []string) {
		p := awsglue.NewGetTableVersionsPaginator(c, &awsglue.GetTableVersionsInput{DatabaseName: aws.String("web"), TableName: aws.String("clicks"), MaxResults: aws.Int32(2)})
		for p.HasMorePages() {
			out, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range out.TableVersions {
				ids = append(ids, aws.ToString(v.VersionId)+"="+v.Table.Parameters["metadata_location"])
			}
		}
		return ids
	}
	if diff := cmp.Diff([]string{"4=v4", "3=v3", "1=v1", "0="}, list()); diff != "" {
		t.Error(diff)
	}
	if out := must(t, s, "GetTableVersion", `{"DatabaseName":"web","TableName":"clicks","VersionId":"1"}`); !strings.Contains(out, `"metadata_location":"v1"`) {
		t.Error(out)
	}
	must(t, s, "DeleteTableVersion", `{"DatabaseName":"web","TableName":"clicks","VersionId":"1"}`)
	if got := refused(t, s, "GetTableVersion", `{"DatabaseName":"web","TableName":"clicks","VersionId":"1"}`); got != "EntityNotFoundException: Version 1 of table clicks not found." {
		t.Error(got)
	}
	if got := refused(t, s, "DeleteTableVersion", `{"DatabaseName":"web","TableName":"clicks","VersionId":"4"}`); got != "InvalidInputException: VersionId: 4 is the current version of table clicks; delete the table instead" {
		t.Error(got)
	}
	if out := must(t, s, "BatchDeleteTableVersion", `{"DatabaseName":"web","TableName":"clicks","VersionIds":["0","7"]}`); out != `{"Errors":[{"TableName":"clicks","VersionId":"7","ErrorDetail":{"ErrorCode":"EntityNotFoundException","ErrorMessage":"Version 7 of table clicks not found."}}]}` {
		t.Error(out)
	}
	if diff := cmp.Diff([]string{"4=v4", "3=v3"}, list()); diff != "" {
		t.Error(diff)
	}
}

func TestListingsPageAndMatch(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	for i := range 7 {
		must(t, s, "CreateTable", fmt.Sprintf(`{"DatabaseName":"web","TableInput":{"Name":"t%d","TableType":"VIRTUAL_VIEW"}}`, i))
		must(t, s, "CreateDatabase", fmt.Sprintf(`{"DatabaseInput":{"Name":"db%d"}}`, i))
	}
	c := client(s)
	names := func(expr string) (got []string) {
		in := &awsglue.GetTablesInput{DatabaseName: aws.String("web"), MaxResults: aws.Int32(3)}
		if expr != "" {
			in.Expression = aws.String(expr)
		}
		p := awsglue.NewGetTablesPaginator(c, in)
		for p.HasMorePages() {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range out.TableList {
				got = append(got, aws.ToString(x.Name))
			}
		}
		return got
	}
	for expr, want := range map[string][]string{
		"": {"clicks", "t0", "t1", "t2", "t3", "t4", "t5", "t6"}, "T[0-2]": {"t0", "t1", "t2"}, "t": nil, ".*c.*": {"clicks"}, "t1|t3": {"t1", "t3"},
	} {
		if diff := cmp.Diff(want, names(expr)); diff != "" {
			t.Errorf("%q: %s", expr, diff)
		}
	}
	if out := must(t, s, "GetTables", `{"DatabaseName":"web","Expression":"t0","AttributesToGet":["NAME","TABLE_TYPE"]}`); out != `{"TableList":[{"Name":"t0","DatabaseName":"web","TableType":"VIRTUAL_VIEW"}]}` {
		t.Error(out)
	}
	var dbs []string
	p := awsglue.NewGetDatabasesPaginator(c, &awsglue.GetDatabasesInput{MaxResults: aws.Int32(3)})
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range out.DatabaseList {
			dbs = append(dbs, aws.ToString(d.Name))
		}
	}
	if diff := cmp.Diff([]string{"db0", "db1", "db2", "db3", "db4", "db5", "db6", "web"}, dbs); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsNameTheThing(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	for _, c := range []struct{ op, body, want string }{
		{"CreateDatabase", `{"DatabaseInput":{"Name":"WEB"}}`, "AlreadyExistsException: Database already exists."},
		{"CreateDatabase", `{"DatabaseInput":{}}`, "InvalidInputException: DatabaseInput.Name cannot be empty"},
		{"CreateDatabase", `{"DatabaseInput":{"Name":"a\nb"}}`, `InvalidInputException: DatabaseInput.Name "a\nb" has characters that a name cannot have: line breaks, control characters`},
		{"CreateDatabase", `{"DatabaseInput":{"Name":"f","FederatedDatabase":{"Identifier":"x"}}}`, "InvalidInputException: DatabaseInput.FederatedDatabase: the local catalog has no federated databases; leave it out"},
		{"GetDatabase", `{"Name":"nope"}`, "EntityNotFoundException: Database nope not found."},
		{"GetDatabase", `{"Name":"web","CatalogId":"123456789012"}`, "EntityNotFoundException: Catalog 123456789012 not found."},
		{"UpdateDatabase", `{"Name":"web","DatabaseInput":{"Name":"other"}}`, `InvalidInputException: DatabaseInput.Name: "other" is not the database that Name names, and a database cannot be renamed`},
		{"GetTable", `{"DatabaseName":"web","Name":"nope"}`, "EntityNotFoundException: Table nope not found."},
		{"GetTable", `{"DatabaseName":"nope","Name":"nope"}`, "EntityNotFoundException: Database nope not found."},
		{"GetTable", `{"DatabaseName":"web","Name":"clicks","QueryAsOfTime":1}`, "InvalidInputException: QueryAsOfTime: the local catalog has no transactions; leave it out"},
		{"CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"clicks"}}`, "AlreadyExistsException: Table already exists."},
		{"CreateTable", `{"DatabaseName":"nope","TableInput":{"Name":"clicks"}}`, "EntityNotFoundException: Database nope not found."},
		{"CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"x"},"OpenTableFormatInput":{"IcebergInput":{"MetadataOperation":"CREATE"}}}`, "InvalidInputException: OpenTableFormatInput: the local catalog does not write Iceberg metadata; write it first and create the table with the parameters table_type=ICEBERG and metadata_location"},
		{"CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"x","StorageDescriptor":{"Columns":[{"Name":"a"},{"Name":"A"}]}}}`, `InvalidInputException: TableInput.StorageDescriptor.Columns[1].Name: "A" is there twice; a table's column names differ in more than case`},
		{"UpdateTable", `{"DatabaseName":"web","TableInput":{"Name":"nope"}}`, "EntityNotFoundException: Table nope not found."},
		{"UpdateTable", `{"DatabaseName":"web","Name":"clicks","TableInput":{"Name":"other"}}`, `InvalidInputException: TableInput.Name: "other" is not the table "clicks", and a table cannot be renamed`},
		{"UpdateTable", `{"DatabaseName":"web","TableInput":{"Name":"clicks"},"VersionId":"9"}`, "ConcurrentModificationException: Update table failed due to concurrent modifications. The table web.clicks is at version 0, not 9."},
		{"GetTables", `{"DatabaseName":"web","Expression":"*"}`, "InvalidInputException: Expression: \"*\" is not a regular expression: error parsing regexp: missing argument to repetition operator: `*`"},
		{"GetTables", `{"DatabaseName":"web","NextToken":"!"}`, `InvalidInputException: NextToken: "!" is not a token that the catalog gave`},
		{"GetTables", `{"DatabaseName":"web","MaxResults":101}`, "InvalidInputException: 1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 100"},
		{"DeleteTable", `{"DatabaseName":"web","Name":"nope"}`, "EntityNotFoundException: Table nope not found."},
		{"SearchTables", `{}`, `UnknownOperationException: the local lake does not serve "AWSGlue.SearchTables"`},
		{"StartJobRun", `{}`, `UnknownOperationException: the local lake does not serve "AWSGlue.StartJobRun"`},
		{"GetUserDefinedFunction", `{"DatabaseName":"web","FunctionName":"F"}`, "EntityNotFoundException: Function f not found."},
	} {
		if got := refused(t, s, c.op, c.body); got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.op, c.body, got, c.want)
		}
	}
}

func TestDeleting(t *testing.T) {
	t.Parallel()
	s := newService(t)
	withTable(t, s)
	must(t, s, "CreatePartition", `{"DatabaseName":"web","TableName":"clicks","PartitionInput":{"Values":["2026-05-24","9"]}}`)
	must(t, s, "DeleteTable", `{"DatabaseName":"web","Name":"clicks"}`)
	must(t, s, "CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"clicks","PartitionKeys":[{"Name":"dt","Type":"string"}]}}`)
	if out := must(t, s, "GetPartitions", `{"DatabaseName":"web","TableName":"clicks"}`); out != `{"Partitions":[]}` {
		t.Errorf("a new table has the old one's partitions: %s", out)
	}
	if out := must(t, s, "BatchDeleteTable", `{"DatabaseName":"web","TablesToDelete":["Clicks","nope"]}`); out != `{"Errors":[{"TableName":"nope","ErrorDetail":{"ErrorCode":"EntityNotFoundException","ErrorMessage":"Table nope not found."}}]}` {
		t.Error(out)
	}
	must(t, s, "CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"x"}}`)
	must(t, s, "DeleteDatabase", `{"Name":"web"}`)
	must(t, s, "CreateDatabase", `{"DatabaseInput":{"Name":"web"}}`)
	if out := must(t, s, "GetTables", `{"DatabaseName":"web"}`); out != `{"TableList":[]}` {
		t.Errorf("a new database has the old one's tables: %s", out)
	}
}

func TestTagsFunctionsImport(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateDatabase", `{"DatabaseInput":{"Name":"web"},"Tags":{"team":"data"}}`)
	must(t, s, "CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"x"}}`)
	const arn = `"ResourceArn":"arn:aws:glue:us-east-1:000000000000:table/web/x"`
	must(t, s, "TagResource", `{`+arn+`,"TagsToAdd":{"a":"1","b":"2"}}`)
	must(t, s, "UntagResource", `{`+arn+`,"TagsToRemove":["a"]}`)
	if out := must(t, s, "GetTags", `{`+arn+`}`); out != `{"Tags":{"b":"2"}}` {
		t.Error(out)
	}
	if out := must(t, s, "GetTags", `{"ResourceArn":"arn:aws:glue:us-east-1:000000000000:database/web"}`); out != `{"Tags":{"team":"data"}}` {
		t.Error(out)
	}
	if got := refused(t, s, "GetTags", `{"ResourceArn":"arn:aws:s3:::x"}`); got != `InvalidInputException: ResourceArn: "arn:aws:s3:::x" is not the ARN of a database or table of this catalog` {
		t.Error(got)
	}
	must(t, s, "DeleteTable", `{"DatabaseName":"web","Name":"x"}`)
	must(t, s, "CreateTable", `{"DatabaseName":"web","TableInput":{"Name":"x"}}`)
	if out := must(t, s, "GetTags", `{`+arn+`}`); out != `{"Tags":{}}` {
		t.Errorf("a new table has the old one's tags: %s", out)
	}
	if out := must(t, s, "GetUserDefinedFunctions", `{"DatabaseName":"web","Pattern":"*"}`); out != `{"UserDefinedFunctions":[]}` {
		t.Error(out)
	}
	if out := must(t, s, "GetCatalogImportStatus", `{}`); out != `{"ImportStatus":{"ImportCompleted":true}}` {
		t.Error(out)
	}
	if code, _ := post(s, "GetDatabases", `{"CatalogId":"000000000000"}`); code != http.StatusOK {
		t.Error("the account's own catalog id is refused")
	}
}
