#!/bin/sh
# cli.sh ENDPOINT: a table and its partitions by the AWS CLI.
. ../peer/awspeer.sh
glue() { aws --endpoint-url "$endpoint" --output text glue "$@"; }

glue create-database --database-input Name=cli
glue create-table --database-name cli --table-input '{"Name":"t","PartitionKeys":[{"Name":"dt","Type":"string"},{"Name":"hr","Type":"int"}],"StorageDescriptor":{"Location":"s3://b/t/","Columns":[{"Name":"a","Type":"int"}]}}'
for hr in 8 9 10 11; do
	glue create-partition --database-name cli --table-name t --partition-input "Values=2026-05-24,$hr"
done
got=$(glue get-partitions --database-name cli --table-name t --expression "dt = '2026-05-24' AND hr BETWEEN 9 AND 10" --query 'sort(Partitions[].Values[1])')
[ "$got" = "10	9" ] || fail "get-partitions gave $got"
glue update-table --database-name cli --table-input '{"Name":"t","PartitionKeys":[{"Name":"dt","Type":"string"},{"Name":"hr","Type":"int"}],"Parameters":{"v":"1"}}' --version-id 0
err=$(glue update-table --database-name cli --table-input '{"Name":"t","PartitionKeys":[{"Name":"dt","Type":"string"},{"Name":"hr","Type":"int"}]}' --version-id 0 2>&1) && fail "a stale version was taken"
case $err in
*ConcurrentModificationException*"The table cli.t is at version 1, not 0."*) ;;
*) fail "$err" ;;
esac
[ "$(glue get-table --database-name cli --name t --query 'Table.[VersionId,Parameters.v]')" = "1	1" ] || fail "get-table"
[ "$(glue get-databases --query 'DatabaseList[].Name')" = cli ] || fail "get-databases"
glue delete-database --name cli
echo ok
