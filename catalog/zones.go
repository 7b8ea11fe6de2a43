package catalog

import "strings"

// Zones are the four places of a lake's bucket, by how far the data has come. Their
// methods give locations for [TableOptions].
type Zones struct {
	root string
}

// Lake gives the zones of a bucket, or of a folder in it: Lake("lake"), Lake("lake/eu").
func Lake(bucket string) Zones {
	return Zones{root: strings.Trim(strings.TrimPrefix(bucket, "s3://"), "/")}
}

// Raw is where data lies as it came, never changed, by the day it came.
func (z Zones) Raw(name string) string { return z.at("raw", name) }

// Clean is where data lies typed and without duplicates, by the day it happened.
func (z Zones) Clean(name string) string { return z.at("clean", name) }

// Curated is where facts and dimensions lie.
func (z Zones) Curated(name string) string { return z.at("curated", name) }

// Serve is where marts lie.
func (z Zones) Serve(name string) string { return z.at("serve", name) }

func (z Zones) at(zone, name string) string {
	return "s3://" + z.root + "/" + zone + "/" + strings.Trim(name, "/") + "/"
}
