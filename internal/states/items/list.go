package items

import (
	"encoding/csv"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/perdure/perdure/asl/value"
)

// list reads a bucket's listing, or what is in the objects it lists.
func (r *reader) list() error {
	var found []Object
	flatten := r.cfg.Transformation == "LOAD_AND_FLATTEN"
	err := r.objects.List(r.ctx, r.region, r.args.Bucket, r.args.Prefix, r.args.StartAfter, func(o Object) bool {
		if flatten {
			found = append(found, o)
			return true
		}
		return r.out.add(entry(o))
	})
	if err != nil {
		return refused(err)
	}
	for _, o := range found {
		data, err := r.fetch(r.args.Bucket, o.Key)
		if err != nil {
			return err
		}
		whole, err := r.parse(data)
		if err != nil {
			return err
		}
		if whole != nil {
			return failed("Attempting to map over non-iterable node.")
		}
		if r.out.full() {
			break
		}
	}
	return nil
}

// entry is an item of a listing.
func entry(o Object) []byte {
	e := value.NewObject(5)
	e.Set("Etag", value.String(`"`+o.ETag+`"`))
	e.Set("Key", value.String(o.Key))
	e.Set("LastModified", value.Int(o.Modified))
	e.Set("Size", value.Int(o.Size))
	e.Set("StorageClass", value.String("STANDARD"))
	return value.FromObject(e).JSON()
}

// inventory reads the rows of an S3 inventory: the files its manifest.json names, whose columns fileSchema names.
func (r *reader) inventory(data []byte) error {
	var m struct {
		DestinationBucket, FileFormat, FileSchema string
		Files                                     []struct{ Key string }
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return failed("The manifest cannot be read: %s", err)
	}
	if m.FileFormat != "" && m.FileFormat != "CSV" {
		return failed("An inventory in %s is not supported here.", m.FileFormat)
	}
	headers := strings.Split(m.FileSchema, ",")
	for i := range headers {
		headers[i] = strings.TrimSpace(headers[i])
	}
	bucket := strings.TrimPrefix(m.DestinationBucket, "arn:aws:s3:::")
	for _, f := range m.Files {
		data, err := r.fetch(bucket, f.Key)
		if err != nil {
			return err
		}
		if err := r.csv(data, headers); err != nil || r.out.full() {
			return err
		}
	}
	return nil
}

// athena reads the files that an Athena manifest names: a CSV of s3://bucket/key, one a row.
func (r *reader) athena(data []byte) error {
	c := csv.NewReader(strings.NewReader(string(data)))
	c.FieldsPerRecord = -1
	rows, err := c.ReadAll()
	if err != nil {
		return failed("The manifest cannot be read: %s", err)
	}
	r.cfg.ManifestType = ""
	for _, row := range rows {
		u, err := url.Parse(strings.TrimSpace(row[0]))
		if err != nil || u.Scheme != "s3" || u.Host == "" {
			return failed("The manifest names '%s', which is not s3://bucket/key.", row[0])
		}
		data, err := r.fetch(u.Host, strings.TrimPrefix(u.Path, "/"))
		if err != nil {
			return err
		}
		whole, err := r.parse(data)
		if err != nil {
			return err
		}
		if whole != nil {
			return failed("Attempting to map over non-iterable node.")
		}
		if r.out.full() {
			return nil
		}
	}
	return nil
}
