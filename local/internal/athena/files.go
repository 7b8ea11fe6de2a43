package athena

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/lakekit/lakekit/catalog"
	"github.com/lakekit/lakekit/internal/parquetmeta"
)

// Objects is the lake's S3, seen as files.
type Objects interface {
	// List calls f for the objects whose key has the prefix, in order, until f says false.
	List(bucket, prefix string, f func(key string, size int64, path string) bool)
}

// location is a folder of S3, or an object in one.
type location struct{ bucket, key string }

// parseLocation reads a folder's location.
func parseLocation(s string) (location, error) {
	rest, ok := strings.CutPrefix(s, "s3://")
	bucket, key, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return location{}, fmt.Errorf("location %q is not written s3://BUCKET/PREFIX/", s)
	}
	if key != "" && !strings.HasSuffix(key, "/") {
		key += "/"
	}
	return location{bucket, key}, nil
}

func (l location) String() string { return "s3://" + l.bucket + "/" + l.key }

// folder is where an object lies.
func (l location) folder() string { return l.key[:strings.LastIndexByte(l.key, '/')+1] }

// walk calls f for the objects below a folder that Athena does not overlook, in the order
// of their keys, until f says false.
func (s *Service) walk(below location, f func(object location, path string) bool) {
	s.objects.List(below.bucket, below.key, func(key string, _ int64, path string) bool {
		return hidden(strings.TrimPrefix(key, below.key)) || f(location{below.bucket, key}, path)
	})
}

// files finds the files of the partitions that keep says yes to, in the order of their keys.
func (s *Service) files(ctx context.Context, t *catalog.Table, now time.Time, keep func(values []string) bool) ([]File, error) {
	parts := t.Partitions()
	if len(parts) > 0 && !t.Projected() {
		return s.registered(ctx, t, keep)
	}
	base, err := parseLocation(t.Location())
	if err != nil {
		return nil, err
	}
	// Whatever lies below the location of a table without partitions is the table's.
	folderOf := func(location) ([]string, bool) { return nil, true }
	if len(parts) > 0 {
		folderOf = func(object location) ([]string, bool) {
			values, ok := t.PartitionOf(object.String())
			for i, p := range parts {
				ok = ok && p.Projects(values[i], now)
			}
			return values, ok && keep(values)
		}
	}
	type wanted struct {
		values []string
		ok     bool
	}
	var out []File
	known := map[string]wanted{} // by folder
	s.walk(base, func(object location, path string) bool {
		w, seen := known[object.folder()]
		if !seen {
			w.values, w.ok = folderOf(object)
			known[object.folder()] = w
		}
		if w.ok {
			out = append(out, File{Path: path, Partition: w.values})
		}
		return true
	})
	return out, nil
}

// registered finds the files of the partitions that the catalog lists.
func (s *Service) registered(ctx context.Context, t *catalog.Table, keep func([]string) bool) ([]File, error) {
	var out []File
	columns := len(t.Partitions())
	pages := awsglue.NewGetPartitionsPaginator(s.glue, &awsglue.GetPartitionsInput{DatabaseName: aws.String(t.Database()), TableName: aws.String(t.Name())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the partitions of %s: %w", t, err)
		}
		for _, p := range page.Partitions {
			if len(p.Values) != columns || !keep(p.Values) || p.StorageDescriptor == nil {
				continue
			}
			at, err := parseLocation(aws.ToString(p.StorageDescriptor.Location))
			if err != nil {
				return nil, fmt.Errorf("partition %v of %s: %w", p.Values, t, err)
			}
			s.walk(at, func(_ location, path string) bool {
				out = append(out, File{Path: path, Partition: p.Values})
				return true
			})
		}
	}
	return out, nil
}

// readFooter reads a file's footer.
func readFooter(path string) (*parquetmeta.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m, err := parquetmeta.Read(f, info.Size())
	if errors.Is(err, parquetmeta.ErrNotParquet) {
		return nil, &Error{Code: "HIVE_BAD_DATA", Message: fmt.Sprintf("Not valid Parquet file: %s: %v: delete the object, or put it there again", path, err)}
	}
	if err != nil {
		return nil, &Error{Code: "HIVE_BAD_DATA", Message: fmt.Sprintf("%s: %v: delete the object, or put it there again", path, err)}
	}
	return m, nil
}

// scanned counts the bytes of the column chunks that hold the paths.
func scanned(m *parquetmeta.File, paths []string) (n int64) {
	for _, g := range m.RowGroups {
		for i := range g.Columns {
			leaf := strings.ToLower(strings.Join(g.Columns[i].Leaf.Path, "."))
			for _, p := range paths {
				if leaf == p || strings.HasPrefix(leaf, p+".") {
					n += g.Columns[i].Compressed
					break
				}
			}
		}
	}
	return n
}
