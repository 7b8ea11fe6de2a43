package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/lakekit/lakekit/internal/vfs"
	"github.com/lakekit/lakekit/internal/vfs/vfstest"
	"github.com/lakekit/lakekit/local/internal/service/servicetest"
)

const leasesTable = `{"TableName":"leases","KeySchema":[{"AttributeName":"leaseKey","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"leaseKey","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}`

// The life of a lease as the KCL writes it, conditions in the older form.
func TestLeasesInTheLegacyForm(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", leasesTable)
	const create = `{"TableName":"leases","Item":{"leaseKey":{"S":"shardId-000000000000"},"leaseCounter":{"N":"0"},"checkpoint":{"S":"TRIM_HORIZON"},"ownerSwitchesSinceCheckpoint":{"N":"0"},"parentShardId":{"SS":["shardId-000000000009"]}},"Expected":{"leaseKey":{"Exists":false}}}`
	must(t, s, "PutItem", create)
	failed := codeCondition + ": The conditional request failed"
	if got := refused(t, s, "PutItem", create); got != failed {
		t.Errorf("creating a lease twice: %s", got)
	}
	take := func(owner, counter, next string) string {
		return fmt.Sprintf(`{"TableName":"leases","Key":{"leaseKey":{"S":"shardId-000000000000"}},"AttributeUpdates":{"leaseOwner":{"Value":{"S":%q},"Action":"PUT"},"leaseCounter":{"Value":{"N":%q},"Action":"PUT"},"ownerSwitchesSinceCheckpoint":{"Value":{"N":"1"},"Action":"ADD"},"checkpointOwner":{"Action":"DELETE"}},"Expected":{"leaseCounter":{"Value":{"N":%q},"Exists":true}},"ReturnValues":"ALL_NEW"}`, owner, next, counter)
	}
	got := must(t, s, "UpdateItem", take("worker-1", "0", "1"))
	want := map[string]any{"Attributes": map[string]any{
		"leaseKey": map[string]any{"S": "shardId-000000000000"}, "leaseCounter": map[string]any{"N": "1"}, "checkpoint": map[string]any{"S": "TRIM_HORIZON"},
		"ownerSwitchesSinceCheckpoint": map[string]any{"N": "1"}, "leaseOwner": map[string]any{"S": "worker-1"},
		"parentShardId": map[string]any{"SS": []any{"shardId-000000000009"}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := refused(t, s, "UpdateItem", take("worker-2", "0", "1")); got != failed {
		t.Errorf("taking with a stale counter: %s", got)
	}
	// The counter is compared as a number, not as text.
	must(t, s, "UpdateItem", take("worker-2", "1.0", "2"))
	const drop = `{"TableName":"leases","Key":{"leaseKey":{"S":"shardId-000000000000"}},"Expected":{"leaseOwner":{"Value":{"S":%q}}}}`
	if got := refused(t, s, "DeleteItem", fmt.Sprintf(drop, "worker-1")); got != failed {
		t.Errorf("deleting another's lease: %s", got)
	}
	must(t, s, "DeleteItem", fmt.Sprintf(drop, "worker-2"))
	if got := must(t, s, "GetItem", `{"TableName":"leases","Key":{"leaseKey":{"S":"shardId-000000000000"}},"ConsistentRead":true}`); len(got) != 0 {
		t.Errorf("after the deletion: %v", got)
	}
}

func TestAFailedConditionGivesTheItemThatWasThere(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", leasesTable)
	must(t, s, "PutItem", `{"TableName":"leases","Item":{"leaseKey":{"S":"a"},"n":{"N":"1"}}}`)
	_, err := client(s).UpdateItem(t.Context(), &awsdynamodb.UpdateItemInput{
		TableName: aws.String("leases"), Key: map[string]dynamodbtypes.AttributeValue{"leaseKey": &dynamodbtypes.AttributeValueMemberS{Value: "a"}},
		UpdateExpression: aws.String("SET n = :two"), ConditionExpression: aws.String("n = :two"),
		ExpressionAttributeValues:           map[string]dynamodbtypes.AttributeValue{":two": &dynamodbtypes.AttributeValueMemberN{Value: "2"}},
		ReturnValuesOnConditionCheckFailure: dynamodbtypes.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *dynamodbtypes.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		t.Fatalf("got %v", err)
	}
	if n, ok := failed.Item["n"].(*dynamodbtypes.AttributeValueMemberN); !ok || n.Value != "1" {
		t.Errorf("item %v", failed.Item)
	}
}

// Tables come and go, and the SDK's waiters end, in a bubble too.
func TestTablesAndWaiters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(servicetest.Env(dir))
		if err != nil {
			t.Fatal(err)
		}
		c := client(s)
		ctx := t.Context()
		created, err := c.CreateTable(ctx, &awsdynamodb.CreateTableInput{
			TableName:            aws.String("events"),
			KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("h"), KeyType: dynamodbtypes.KeyTypeHash}, {AttributeName: aws.String("r"), KeyType: dynamodbtypes.KeyTypeRange}},
			AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("h"), AttributeType: "S"}, {AttributeName: aws.String("r"), AttributeType: "N"}},
			BillingMode:          dynamodbtypes.BillingModePayPerRequest,
			SSESpecification:     &dynamodbtypes.SSESpecification{Enabled: aws.Bool(true), SSEType: dynamodbtypes.SSETypeKms, KMSMasterKeyId: aws.String("alias/lake")},
			Tags:                 []dynamodbtypes.Tag{{Key: aws.String("team"), Value: aws.String("data")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if created.TableDescription.TableStatus != dynamodbtypes.TableStatusCreating {
			t.Errorf("status %s", created.TableDescription.TableStatus)
		}
		if got := aws.ToString(created.TableDescription.SSEDescription.KMSMasterKeyArn); got != "arn:aws:kms:us-east-1:000000000000:alias/lake" {
			t.Errorf("key %s", got)
		}
		if err := awsdynamodb.NewTableExistsWaiter(c).Wait(ctx, &awsdynamodb.DescribeTableInput{TableName: aws.String("events")}, time.Minute); err != nil {
			t.Fatal(err)
		}
		_, err = c.UpdateTable(ctx, &awsdynamodb.UpdateTableInput{TableName: aws.String("events"), DeletionProtectionEnabled: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.DeleteTable(ctx, &awsdynamodb.DeleteTableInput{TableName: aws.String("events")}); err == nil || !strings.Contains(err.Error(), "protected against deletion") {
			t.Errorf("deleting a protected table: %v", err)
		}
		_, err = c.UpdateTable(ctx, &awsdynamodb.UpdateTableInput{TableName: created.TableDescription.TableArn, DeletionProtectionEnabled: aws.Bool(false)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.DeleteTable(ctx, &awsdynamodb.DeleteTableInput{TableName: aws.String("events")}); err != nil {
			t.Fatal(err)
		}
		if err := awsdynamodb.NewTableNotExistsWaiter(c).Wait(ctx, &awsdynamodb.DescribeTableInput{TableName: aws.String("events")}, time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBadTables(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", leasesTable)
	for body, want := range map[string]string{
		leasesTable:                 "ResourceInUseException: Table already exists: leases",
		`{}`:                        "ValidationException: 1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
		`{"TableName":"no spaces"}`: "ValidationException: Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'",
		strings.Replace(leasesTable, `"leases"`, `"other","LocalSecondaryIndexes":[{}]`, 1):                                                                                                 "ValidationException: LocalSecondaryIndexes: the local lake has none; use GlobalSecondaryIndexes",
		strings.Replace(leasesTable, `"leases"`, `"other","StreamSpecification":{"StreamEnabled":true}`, 1):                                                                                 "ValidationException: StreamSpecification: the local lake has no DynamoDB streams; leave StreamEnabled out",
		strings.Replace(leasesTable, `"leaseKey","KeyType"`, `"zz","KeyType"`, 1):                                                                                                           "ValidationException: One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [zz], AttributeDefinitions: [leaseKey]",
		strings.Replace(leasesTable, `[{"AttributeName":"leaseKey","AttributeType":"S"}`, `[{"AttributeName":"leaseKey","AttributeType":"S"},{"AttributeName":"x","AttributeType":"S"}`, 1): "ValidationException: One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
		strings.Replace(leasesTable, `"PAY_PER_REQUEST"`, `"PROVISIONED"`, 1):                                                                                                               "ValidationException: One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
	} {
		if got := refused(t, s, "CreateTable", body); got != want {
			t.Errorf("%s:\n got %s\nwant %s", body, got, want)
		}
	}
	for op, want := range map[string]string{
		"DescribeTable": "ResourceNotFoundException: Requested resource not found: Table: nope not found", "DeleteTable": "ResourceNotFoundException: Requested resource not found: Table: nope not found",
		"DescribeTimeToLive": "ResourceNotFoundException: Requested resource not found: Table: nope not found", "DescribeContinuousBackups": "TableNotFoundException: Table not found: nope",
		"Scan": "ResourceNotFoundException: Requested resource not found", "ExportTableToPointInTime": `UnknownOperationException: the local lake does not serve "DynamoDB_20120810.ExportTableToPointInTime"`,
	} {
		if got := refused(t, s, op, `{"TableName":"nope"}`); got != want {
			t.Errorf("%s: got %s, want %s", op, got, want)
		}
	}
	if got := refused(t, s, "PutItem", `{"TableName":`); !strings.HasPrefix(got, "SerializationException: ") {
		t.Errorf("broken JSON: %s", got)
	}
}

func TestSettingsAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openAt(t, dir)
	must(t, s, "CreateTable", leasesTable)
	must(t, s, "UpdateTimeToLive", `{"TableName":"leases","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`)
	if got := refused(t, s, "UpdateTimeToLive", `{"TableName":"leases","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`); got != "ValidationException: TimeToLive is already enabled" {
		t.Error(got)
	}
	must(t, s, "UpdateContinuousBackups", `{"TableName":"leases","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true}}`)
	const arn = `"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/leases"`
	must(t, s, "TagResource", `{`+arn+`,"Tags":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]}`)
	must(t, s, "UntagResource", `{`+arn+`,"TagKeys":["a"]}`)
	s = openAt(t, dir)
	if diff := cmp.Diff(map[string]any{"Tags": []any{map[string]any{"Key": "b", "Value": "2"}}}, must(t, s, "ListTagsOfResource", `{`+arn+`}`)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"TimeToLiveDescription": map[string]any{"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}}, must(t, s, "DescribeTimeToLive", `{"TableName":"leases"}`)); diff != "" {
		t.Error(diff)
	}
	_, out := post(s, "DescribeContinuousBackups", `{"TableName":"leases"}`)
	if !strings.Contains(out, `"PointInTimeRecoveryStatus":"ENABLED","RecoveryPeriodInDays":35`) {
		t.Error(out)
	}
}

func TestListTablesPages(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for i := range 5 {
		must(t, s, "CreateTable", strings.Replace(leasesTable, `"leases"`, fmt.Sprintf(`"t-%d"`, i), 1))
	}
	var got []string
	p := awsdynamodb.NewListTablesPaginator(client(s), &awsdynamodb.ListTablesInput{Limit: aws.Int32(2)})
	for p.HasMorePages() {
		out, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, out.TableNames...)
	}
	if diff := cmp.Diff([]string{"t-0", "t-1", "t-2", "t-3", "t-4"}, got); diff != "" {
		t.Error(diff)
	}
}

// Of many that take the same counter exactly one wins.
func TestConcurrentTakersOfALease(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", leasesTable)
	must(t, s, "PutItem", `{"TableName":"leases","Item":{"leaseKey":{"S":"a"},"c":{"N":"0"}}}`)
	for round := range 20 {
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for range 8 {
			wg.Go(func() {
				code, _ := post(s, "UpdateItem", fmt.Sprintf(`{"TableName":"leases","Key":{"leaseKey":{"S":"a"}},"UpdateExpression":"SET c = c + :one","ConditionExpression":"c = :old","ExpressionAttributeValues":{":one":{"N":"1"},":old":{"N":"%d"}}}`, round))
				if code == http.StatusOK {
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

// What was acknowledged is there after kill -9 (no Close), also behind compactions.
func TestReopenAfterKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openAt(t, dir)
	must(t, s, "CreateTable", `{"TableName":"leases","KeySchema":[{"AttributeName":"leaseKey","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"leaseKey","AttributeType":"S"},{"AttributeName":"owner","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST","GlobalSecondaryIndexes":[{"IndexName":"byOwner","KeySchema":[{"AttributeName":"owner","KeyType":"HASH"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}]}`)
	must(t, s, "TransactWriteItems", `{"ClientRequestToken":"once","TransactItems":[{"Update":{"TableName":"leases","Key":{"leaseKey":{"S":"sum"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"1"}}}}]}`)
	pad := strings.Repeat("p", 1000)
	for i := range 5000 {
		must(t, s, "PutItem", fmt.Sprintf(`{"TableName":"leases","Item":{"leaseKey":{"S":"k%d"},"owner":{"S":"w%d"},"i":{"N":"%d"},"pad":{"S":%q}}}`, i%10, i%3, i, pad))
		if i%7 == 0 {
			must(t, s, "DeleteItem", fmt.Sprintf(`{"TableName":"leases","Key":{"leaseKey":{"S":"k%d"}}}`, i%10))
		}
	}
	_, wantScan := post(s, "Scan", `{"TableName":"leases"}`)
	_, wantQuery := post(s, "Query", `{"TableName":"leases","IndexName":"byOwner","KeyConditionExpression":"#o = :o","ExpressionAttributeNames":{"#o":"owner"},"ExpressionAttributeValues":{":o":{"S":"w1"}}}`)
	s = openAt(t, dir)
	_, gotScan := post(s, "Scan", `{"TableName":"leases"}`)
	if diff := cmp.Diff(wantScan, gotScan); diff != "" {
		t.Error(diff)
	}
	_, gotQuery := post(s, "Query", `{"TableName":"leases","IndexName":"byOwner","KeyConditionExpression":"#o = :o","ExpressionAttributeNames":{"#o":"owner"},"ExpressionAttributeValues":{":o":{"S":"w1"}}}`)
	if diff := cmp.Diff(wantQuery, gotQuery); diff != "" || !strings.Contains(gotQuery, "w1") {
		t.Error(diff, gotQuery)
	}
	// A transaction that is repeated after the restart is not done again.
	must(t, s, "TransactWriteItems", `{"ClientRequestToken":"once","TransactItems":[{"Update":{"TableName":"leases","Key":{"leaseKey":{"S":"sum"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"1"}}}}]}`)
	_, out := post(s, "GetItem", `{"TableName":"leases","Key":{"leaseKey":{"S":"sum"}},"ProjectionExpression":"n"}`)
	if out != `{"Item":{"n":{"N":"1"}}}` {
		t.Error(out)
	}
	es, err := vfs.OS{}.ReadDir(dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	for _, e := range es {
		st, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += st.Size()
	}
	if size > 2<<20 {
		t.Errorf("the log of eleven small items has %d bytes", size)
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
	must(t, s, "CreateTable", leasesTable)
	fsys.Fill(3000)
	put := func(i int) string {
		return fmt.Sprintf(`{"TableName":"leases","Item":{"leaseKey":{"S":"k%d"},"pad":{"S":%q}}}`, i, strings.Repeat("p", 500))
	}
	stored := 0
	for i := range 20 {
		if code, _ := post(s, "PutItem", put(i)); code == http.StatusOK {
			stored++
		}
	}
	if stored == 0 || stored == 20 {
		t.Fatalf("%d of 20 were stored", stored)
	}
	got := refused(t, s, "PutItem", put(99))
	if !strings.HasPrefix(got, "InternalFailure: local dynamodb: the change was not made: ") || !strings.HasSuffix(got, "no space left on device") {
		t.Error(got)
	}
	count := fmt.Sprintf(`{"Count":%d,"ScannedCount":%[1]d}`, stored)
	if _, out := post(s, "Scan", `{"TableName":"leases","Select":"COUNT"}`); out != count {
		t.Errorf("in memory: %s, want %s", out, count)
	}
	fsys.Mend()
	s2, err := Open(env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s2.Close() })
	if _, out := post(s2, "Scan", `{"TableName":"leases","Select":"COUNT"}`); out != count {
		t.Errorf("after reopening: %s, want %s", out, count)
	}
}

func TestClosedServiceRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	must(t, s, "CreateTable", leasesTable)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if got := refused(t, s, "PutItem", `{"TableName":"leases","Item":{"leaseKey":{"S":"a"}}}`); !strings.HasPrefix(got, "InternalFailure: ") {
		t.Error(got)
	}
}

func BenchmarkUpdateItem(b *testing.B) {
	s, err := Open(servicetest.Env(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	if code, out := post(s, "CreateTable", leasesTable); code != http.StatusOK {
		b.Fatal(out)
	}
	const renew = `{"TableName":"leases","Key":{"leaseKey":{"S":"shardId-000000000000"}},"UpdateExpression":"SET leaseOwner = :o ADD leaseCounter :one","ExpressionAttributeValues":{":o":{"S":"worker-1"},":one":{"N":"1"}}}`
	ctx := context.Background()
	op := s.operations()["UpdateItem"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := op(ctx, []byte(renew)); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
