#!/bin/sh
# cli.sh ENDPOINT: a query and its results by the AWS CLI.
. ../peer/awspeer.sh
athena() { aws --endpoint-url "$endpoint" --output text athena "$@"; }

id=$(athena start-query-execution --query-string "SELECT country, count(*) AS views FROM web.clicks WHERE dt = '2026-05-24' AND hr BETWEEN '09' AND '11' GROUP BY country ORDER BY views DESC, country" \
	--result-configuration OutputLocation=s3://lake/cli/ --query QueryExecutionId)
for _ in 1 2 3 4 5 6 7 8 9 10; do
	state=$(athena get-query-execution --query-execution-id "$id" --query QueryExecution.Status.State)
	case $state in QUEUED | RUNNING) sleep 1 ;; *) break ;; esac
done
[ "$state" = SUCCEEDED ] || fail "the query is $state"
got=$(athena get-query-results --query-execution-id "$id" --query 'ResultSet.Rows[].[Data[0].VarCharValue,Data[1].VarCharValue]')
want=$(printf 'country\tviews\nUS\t72\nDE\t36\nFR\t36\nNone\t36')
[ "$got" = "$want" ] || fail "got $got"
text=$(aws --endpoint-url "$endpoint" s3 cp "s3://lake/cli/$id.csv" -)
[ "$(printf %s "$text" | head -2 | tail -1)" = '"US","72"' ] || fail "the file is $text"
echo ok
