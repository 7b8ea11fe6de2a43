#!/bin/sh
# cli.sh ENDPOINT [CA]: objects by the AWS CLI.
. ../peer/awspeer.sh
bucket=cli
if [ $# -gt 1 ]; then
	export AWS_CA_BUNDLE="$2"
	bucket=cli-tls
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
s3() { aws --endpoint-url "$endpoint" s3 "$@"; }
api() { aws --endpoint-url "$endpoint" --output text s3api "$@"; }

s3 mb "s3://$bucket" >/dev/null
mkdir -p "$dir/in/raw/dt=2026-05-24"
printf hello >"$dir/in/a b.txt"
head -c 20000000 /dev/urandom >"$dir/in/raw/dt=2026-05-24/big.bin"
s3 sync --quiet "$dir/in" "s3://$bucket/in"
[ "$(s3 sync --dryrun "$dir/in" "s3://$bucket/in")" = "" ] || fail "a second sync finds changes"
s3 cp --quiet --recursive "s3://$bucket/in" "$dir/out"
cmp "$dir/in/raw/dt=2026-05-24/big.bin" "$dir/out/raw/dt=2026-05-24/big.bin"
cmp "$dir/in/a b.txt" "$dir/out/a b.txt"
[ "$(s3 ls "s3://$bucket/in/" | awk '{print $1, $NF}' | head -1)" = "PRE raw/" ] || fail "ls: $(s3 ls "s3://$bucket/in/")"
s3 cp --quiet "s3://$bucket/in/a b.txt" "s3://$bucket/copy.txt"
[ "$(s3 cp "s3://$bucket/copy.txt" -)" = hello ] || fail "copy"

api put-object --bucket "$bucket" --key once --body "$dir/in/a b.txt" --if-none-match '*' >/dev/null
err=$(api put-object --bucket "$bucket" --key once --body "$dir/in/a b.txt" --if-none-match '*' 2>&1) && fail "an existing object was put with If-None-Match"
case $err in
*PreconditionFailed*) ;;
*) fail "$err" ;;
esac
[ "$(api head-object --bucket "$bucket" --key once --query ETag)" = '"5d41402abc4b2a76b9719d911017c592"' ] || fail "head-object"

id=$(api create-multipart-upload --bucket "$bucket" --key parts --query UploadId)
etag=$(api upload-part --bucket "$bucket" --key parts --upload-id "$id" --part-number 1 --body "$dir/in/a b.txt" --query ETag)
# The CLI does not decide on a checksum here, so the parts need none.
printf '{"Parts":[{"PartNumber":1,"ETag":%s}]}' "$(printf %s "$etag" | sed 's/"/\\"/g; s/^/"/; s/$/"/')" >"$dir/parts.json"
api complete-multipart-upload --bucket "$bucket" --key parts --upload-id "$id" --multipart-upload "file://$dir/parts.json" >/dev/null
[ "$(s3 cp "s3://$bucket/parts" -)" = hello ] || fail "parts"

s3 rm --quiet --recursive "s3://$bucket"
s3 rb "s3://$bucket" >/dev/null
echo ok
