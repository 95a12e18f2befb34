package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

// uploadDoc is a multipart upload under way. It ends by completing or aborting; one that nobody ends stays.
type uploadDoc struct {
	Bucket, Key string
	Head        map[string]string `json:",omitempty"`
	Started     int64
}

type partDoc struct {
	Blob string
	Size int64
	ETag string
}

const (
	maxParts    = 10_000
	minPartSize = 5 << 20 // of all parts but the last
)

func (s *Service) createUpload(ctx context.Context, r *api.Request) (*api.Response, error) {
	bucket, key := r.Path["Bucket"], r.Path["Key"]
	if len(key) > maxKey {
		return nil, fail(400, "KeyTooLongError", "Your key is too long")
	}
	if _, err := s.bucket(ctx, r.Region, bucket); err != nil {
		return nil, err
	}
	id := strings.ReplaceAll(s.cfg.NewID(), "-", "")
	u := uploadDoc{bucket, key, kept(r.Header), s.cfg.Now().UnixMilli()}
	if err := s.put(ctx, spaceUpload, id, 0, &u); err != nil {
		return nil, err
	}
	return answer(struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ InitiateMultipartUploadResult"`
		Bucket, Key, UploadId string
	}{Bucket: bucket, Key: key, UploadId: id})
}

// upload finds the upload that a request names, and refuses one of another object.
func (s *Service) upload(ctx context.Context, r *api.Request) (id string, u uploadDoc, version uint64, err error) {
	id = r.Query.Get("uploadId")
	version, err = s.doc(ctx, spaceUpload, id, &u)
	if errors.Is(err, store.ErrNotFound) || err == nil && (u.Bucket != r.Path["Bucket"] || u.Key != r.Path["Key"]) {
		err = &api.Error{Code: "NoSuchUpload", Status: 404, Members: map[string]any{"UploadId": id},
			Message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."}
	}
	return id, u, version, err
}

func (s *Service) uploadPart(ctx context.Context, r *api.Request) (*api.Response, error) {
	id, _, _, err := s.upload(ctx, r)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(r.Query.Get("partNumber"))
	if err != nil || number < 1 || number > maxParts {
		return nil, fail(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	if r.Header.Get("X-Amz-Copy-Source") != "" {
		return nil, fail(400, "NotImplemented", "A header you provided implies functionality that is not offered here: UploadPartCopy")
	}
	sums, err := checksums(r.Header, r.Body)
	if err != nil {
		return nil, err
	}
	sum := md5.Sum(r.Body)
	p := partDoc{"s3/" + s.cfg.NewID(), int64(len(r.Body)), hex.EncodeToString(sum[:])}
	if err := s.cfg.Store.PutBlob(ctx, p.Blob, r.Body); err != nil {
		return nil, err
	}
	key := partKey(id, number)
	for range 100 { // a part may be sent again: the last one wins
		var old partDoc
		version, err := s.doc(ctx, spacePart, key, &old)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if err = s.put(ctx, spacePart, key, version, &p); errors.Is(err, store.ErrConflict) {
			continue
		}
		if err == nil && version > 0 {
			err = s.cfg.Store.DeleteBlob(ctx, old.Blob)
		}
		if err != nil {
			return nil, err
		}
		head := http.Header{"Etag": {`"` + p.ETag + `"`}}
		for k, v := range sums {
			head.Set(k, v)
		}
		return &api.Response{Header: head}, nil
	}
	return nil, fail(409, "OperationAborted", "A conflicting conditional operation is currently in progress against this resource. Try again.")
}

func partKey(id string, number int) string { return fmt.Sprintf("%s/%05d", id, number) }

type xmlPart struct {
	PartNumber int
	ETag       string
}

func (s *Service) completeUpload(ctx context.Context, r *api.Request) (*api.Response, error) {
	id, u, _, err := s.upload(ctx, r)
	if err != nil {
		return nil, err
	}
	var in struct{ Part []xmlPart }
	if err := xml.Unmarshal(r.Body, &in); err != nil || len(in.Part) == 0 || len(in.Part) > maxParts {
		return nil, fail(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	if !slices.IsSortedFunc(in.Part, func(a, b xmlPart) int { return a.PartNumber - b.PartNumber }) {
		return nil, fail(400, "InvalidPartOrder", "The list of parts was not in ascending order. The parts list must be specified in order by part number.")
	}
	data, etag, err := s.join(ctx, id, in.Part)
	if err != nil {
		return nil, err
	}
	o := &objectDoc{ETag: etag, Head: u.Head}
	if err := s.write(ctx, r, o, data); err != nil {
		return nil, err
	}
	if err := s.forget(ctx, id); err != nil {
		return nil, err
	}
	return answer(struct {
		XMLName                     xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUploadResult"`
		Location, Bucket, Key, ETag string
	}{Location: r.Endpoint + "/" + u.Bucket + "/" + u.Key, Bucket: u.Bucket, Key: u.Key, ETag: `"` + etag + `"`})
}

// join puts the parts together. The ETag is the hash of the parts' hashes, with their number.
func (s *Service) join(ctx context.Context, id string, parts []xmlPart) ([]byte, string, error) {
	var data bytes.Buffer
	all := md5.New()
	for i, p := range parts {
		var d partDoc
		_, err := s.doc(ctx, spacePart, partKey(id, p.PartNumber), &d)
		if errors.Is(err, store.ErrNotFound) || err == nil && strings.Trim(p.ETag, `"`) != d.ETag {
			return nil, "", fail(400, "InvalidPart", "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
		}
		if err != nil {
			return nil, "", err
		}
		if d.Size < minPartSize && i < len(parts)-1 {
			return nil, "", fail(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		if int64(data.Len())+d.Size > MaxObject {
			return nil, "", fail(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
		}
		b, err := s.cfg.Store.Blob(ctx, d.Blob)
		if err != nil {
			return nil, "", err
		}
		data.Write(b)
		raw, err := hex.DecodeString(d.ETag)
		if err != nil {
			return nil, "", err
		}
		all.Write(raw)
	}
	return data.Bytes(), fmt.Sprintf("%x-%d", all.Sum(nil), len(parts)), nil
}

func (s *Service) abortUpload(ctx context.Context, r *api.Request) (*api.Response, error) {
	id, _, _, err := s.upload(ctx, r)
	if err != nil {
		return nil, err
	}
	return &api.Response{}, s.forget(ctx, id)
}

// forget removes an upload and its parts. A crash in between leaves the upload, whose abort goes on from there.
func (s *Service) forget(ctx context.Context, id string) error {
	parts, err := s.cfg.Store.Docs(ctx, spacePart, id+"/", "", maxParts)
	if err != nil {
		return err
	}
	for _, d := range parts {
		var p partDoc
		if err := decode(d.Value, &p); err != nil {
			return err
		}
		if err := s.cfg.Store.CommitDocs(ctx, store.Doc{Space: spacePart, Key: d.Key, Version: d.Version}); err != nil {
			return err
		}
		if err := s.cfg.Store.DeleteBlob(ctx, p.Blob); err != nil {
			return err
		}
	}
	var u uploadDoc
	version, err := s.doc(ctx, spaceUpload, id, &u)
	if err != nil {
		return err
	}
	return s.cfg.Store.CommitDocs(ctx, store.Doc{Space: spaceUpload, Key: id, Version: version})
}

func (s *Service) listParts(ctx context.Context, r *api.Request) (*api.Response, error) {
	id, u, _, err := s.upload(ctx, r)
	if err != nil {
		return nil, err
	}
	after := ""
	if n, err := strconv.Atoi(r.Query.Get("part-number-marker")); err == nil && n > 0 {
		after = partKey(id, n)
	}
	docs, err := s.cfg.Store.Docs(ctx, spacePart, id+"/", after, 1000)
	if err != nil {
		return nil, err
	}
	type part struct {
		PartNumber int
		ETag       string
		Size       int64
	}
	var out struct {
		XMLName              xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListPartsResult"`
		Bucket, Key          string
		UploadId             string
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Part                 []part
	}
	out.Bucket, out.Key, out.UploadId, out.MaxParts, out.IsTruncated = u.Bucket, u.Key, id, 1000, len(docs) == 1000
	for _, d := range docs {
		var p partDoc
		if err := decode(d.Value, &p); err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(strings.TrimPrefix(d.Key, id+"/"))
		if err != nil {
			return nil, err
		}
		out.Part, out.NextPartNumberMarker = append(out.Part, part{n, `"` + p.ETag + `"`, p.Size}), n
	}
	return answer(out)
}
