#!/bin/sh
# cli.sh ENDPOINT: a table by the AWS CLI.
. ../peer/awspeer.sh
dynamodb() { aws --endpoint-url "$endpoint" --output text dynamodb "$@"; }

dynamodb create-table --table-name cli --billing-mode PAY_PER_REQUEST --key-schema AttributeName=k,KeyType=HASH --attribute-definitions AttributeName=k,AttributeType=S >/dev/null
dynamodb wait table-exists --table-name cli
[ "$(dynamodb list-tables --query 'TableNames[0]')" = cli ] || fail "list-tables"
dynamodb put-item --table-name cli --item '{"k":{"S":"a"},"n":{"N":"1"}}' --condition-expression 'attribute_not_exists(k)'
got=$(dynamodb update-item --table-name cli --key '{"k":{"S":"a"}}' --update-expression 'SET n = n + :one' --expression-attribute-values '{":one":{"N":"1"}}' --return-values ALL_NEW --query Attributes.n.N)
[ "$got" = 2 ] || fail "update-item gave $got"
err=$(dynamodb put-item --table-name cli --item '{"k":{"S":"a"}}' --condition-expression 'attribute_not_exists(k)' 2>&1) && fail "the item was written twice"
case $err in
*ConditionalCheckFailedException*"The conditional request failed"*) ;;
*) fail "$err" ;;
esac
[ "$(dynamodb scan --table-name cli --select COUNT --query Count)" = 1 ] || fail "scan"
[ "$(dynamodb query --table-name cli --key-condition-expression 'k = :k' --expression-attribute-values '{":k":{"S":"a"}}' --query 'Items[0].n.N')" = 2 ] || fail "query"
dynamodb delete-item --table-name cli --key '{"k":{"S":"a"}}'
dynamodb delete-table --table-name cli >/dev/null
dynamodb wait table-not-exists --table-name cli
echo ok
