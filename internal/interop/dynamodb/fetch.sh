#!/bin/sh
# Fetches DynamoDB Local from Maven Central, with Maven, and prints its folder. Run again,
# it does nothing.
#
#   LAKEKIT_DYNAMODB_LOCAL=/some/folder internal/interop/dynamodb/fetch.sh
set -eu

version=3.3.1
cache=${LAKEKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lakekit}
dir=${LAKEKIT_DYNAMODB_LOCAL:-$cache/dynamodb-local-$version}

if [ ! -e "$dir/DynamoDBLocal-$version.jar" ]; then
	pom=$(mktemp -d)
	trap 'rm -r "$pom"' EXIT
	cat >"$pom/pom.xml" <<-EOF
		<project xmlns="http://maven.apache.org/POM/4.0.0">
		<modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
		<dependencies><dependency><groupId>software.amazon.dynamodb</groupId><artifactId>DynamoDBLocal</artifactId><version>$version</version></dependency></dependencies>
		</project>
	EOF
	# Beside the folder first, so that an interrupted fetch is done over.
	rm -rf "$dir.part"
	mvn -q -B -f "$pom/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$dir.part" >&2
	rm -rf "$dir"
	mv "$dir.part" "$dir"
fi
echo "$dir"
