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

// location is a folder of S3.
type location struct{ bucket, prefix string }

func parseLocation(s string) (location, error) {
	rest, ok := strings.CutPrefix(s, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return location{}, fmt.Errorf("location %q is not written s3://BUCKET/PREFIX/", s)
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	return location{bucket, prefix}, nil
}

// files finds the files of the partitions that keep says yes to, in the order of their keys.
func (s *Service) files(ctx context.Context, t *catalog.Table, now time.Time, keep func(values []string) bool) ([]File, error) {
	if len(t.Partitions()) > 0 && !t.Projected() {
		return s.registered(ctx, t, keep)
	}
	base, err := parseLocation(t.Location())
	if err != nil {
		return nil, err
	}
	var out []File
	known := map[string][]string{} // folder -> its values, nil when it is none of the query's
	s.objects.List(base.bucket, base.prefix, func(key string, _ int64, path string) bool {
		if hidden(strings.TrimPrefix(key, base.prefix)) {
			return true
		}
		folder := key[:strings.LastIndexByte(key, '/')+1]
		values, ok := known[folder]
		if !ok {
			values = s.projected(t, "s3://"+base.bucket+"/"+key, now)
			if values != nil && !keep(values) {
				values = nil
			}
			known[folder] = values
		}
		if values != nil {
			out = append(out, File{Path: path, Partition: values})
		}
		return true
	})
	return out, nil
}

// projected gives the partition that an object belongs to; nil when it belongs to none that
// the projection has.
func (s *Service) projected(t *catalog.Table, object string, now time.Time) []string {
	values, ok := t.PartitionOf(object)
	if len(t.Partitions()) == 0 {
		return []string{} // whatever lies below the table's location is the table's
	}
	if !ok {
		return nil
	}
	for i, p := range t.Partitions() {
		if !p.Projects(values[i], now) {
			return nil
		}
	}
	return values
}

// registered finds the files of the partitions that the catalog lists.
func (s *Service) registered(ctx context.Context, t *catalog.Table, keep func([]string) bool) ([]File, error) {
	var out []File
	pages := awsglue.NewGetPartitionsPaginator(s.glue, &awsglue.GetPartitionsInput{DatabaseName: aws.String(t.Database()), TableName: aws.String(t.Name())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the partitions of %s: %w", t, err)
		}
		for _, p := range page.Partitions {
			if len(p.Values) != len(t.Partitions()) || !keep(p.Values) || p.StorageDescriptor == nil {
				continue
			}
			at, err := parseLocation(aws.ToString(p.StorageDescriptor.Location))
			if err != nil {
				return nil, fmt.Errorf("partition %v of %s: %w", p.Values, t, err)
			}
			s.objects.List(at.bucket, at.prefix, func(key string, _ int64, path string) bool {
				if !hidden(strings.TrimPrefix(key, at.prefix)) {
					out = append(out, File{Path: path, Partition: p.Values})
				}
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
