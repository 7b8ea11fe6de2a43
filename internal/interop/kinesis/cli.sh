#!/bin/sh
# cli.sh ENDPOINT: a stream by the AWS CLI.
. ../peer/awspeer.sh
kinesis() { aws --endpoint-url "$endpoint" --output text kinesis "$@"; }

kinesis create-stream --stream-name cli --shard-count 1
kinesis wait stream-exists --stream-name cli
data=$(printf 'hello from the shell' | base64)
seq=$(kinesis put-record --stream-name cli --partition-key k --data "$data" --query SequenceNumber)
it=$(kinesis get-shard-iterator --stream-name cli --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON --query ShardIterator)
got=$(kinesis get-records --shard-iterator "$it" --query 'Records[0].[SequenceNumber,Data,PartitionKey]')
# Version 2 takes base64 as the data, version 1 encodes what it is given once more.
twice=$(printf %s "$data" | base64)
[ "$got" = "$seq	$data	k" ] || [ "$got" = "$seq	$twice	k" ] || fail "put $seq, got $got"
[ "$(kinesis list-streams --query 'StreamNames[0]')" = cli ] || fail "list-streams"
[ "$(kinesis list-shards --stream-name cli --query 'length(Shards)')" = 1 ] || fail "list-shards"
err=$(kinesis describe-stream --stream-name nothere 2>&1) && fail "a stream that is not there was described"
case $err in
*ResourceNotFoundException*"Stream nothere under account 000000000000 not found."*) ;;
*) fail "$err" ;;
esac
kinesis delete-stream --stream-name cli
kinesis wait stream-not-exists --stream-name cli
echo ok
