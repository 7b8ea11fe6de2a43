# What the scripts that drive a lake by the AWS CLI have in common: they begin with
# ". ../peer/awspeer.sh" and get the lake's address as $endpoint.
set -eu
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_DEFAULT_REGION=us-east-1 AWS_PAGER= AWS_CONFIG_FILE=/dev/null AWS_MAX_ATTEMPTS=1
endpoint=$1
fail() {
	echo "cli.sh: $*" >&2
	exit 1
}
