#!/bin/sh
# Fetches Amazon's Kinesis libraries for Java from Maven Central, with Maven, and prints their
# folders: the KCL in three versions and the KPL, with its native daemon. Run again, it does
# nothing.
#
#   LAKEKIT_CACHE=/some/folder internal/interop/kcl/fetch.sh
set -eu

cache=${LAKEKIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lakekit}

fetch() { # FOLDER ARTIFACT VERSION
	dir=$cache/$1
	if [ ! -e "$dir/$2-$3.jar" ]; then
		pom=$(mktemp -d)
		cat >"$pom/pom.xml" <<-XML
			<project xmlns="http://maven.apache.org/POM/4.0.0">
			<modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
			<dependencies>
			<dependency><groupId>software.amazon.kinesis</groupId><artifactId>$2</artifactId><version>$3</version></dependency>
			<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>2.0.13</version></dependency>
			</dependencies>
			</project>
		XML
		# Beside the folder first, so that an interrupted fetch is done over.
		rm -rf "$dir.part"
		mvn -q -B -f "$pom/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$dir.part" >&2
		rm -r "$pom"
		rm -rf "$dir"
		mv "$dir.part" "$dir"
	fi
	echo "$dir"
}

for version in 2.7.2 3.0.3 3.5.1; do
	fetch kcl-$version amazon-kinesis-client $version
done
fetch kpl-1.1.1 amazon-kinesis-producer 1.1.1
