package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"

	"github.com/perdure/perdure/internal/api"
)

const (
	maxZipped   = 52_428_800  // bytes of a package in a request
	maxUnzipped = 262_144_000 // bytes of what is in it
)

// codeSource is where a package comes from.
type codeSource struct {
	ZipFile         *[]byte // base64 in JSON
	S3Bucket        string
	S3Key           string
	S3ObjectVersion string
	ImageUri        string
}

// code is a package that has been checked.
type code struct {
	zip    []byte
	hex    string // sha-256
	sha256 string // the same in base64, as the API shows it
}

// fetch gets and checks a package.
func (s *Service) fetch(ctx context.Context, region string, src *codeSource) (*code, error) {
	var data []byte
	switch {
	case src.ZipFile != nil && (src.S3Bucket != "" || src.S3Key != ""):
		return nil, invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case src.ZipFile != nil:
		data = *src.ZipFile
		if len(data) == 0 {
			return nil, invalid("Uploaded file must be a non-empty zip")
		}
		if len(data) > maxZipped {
			return nil, &api.Error{Code: "RequestEntityTooLargeException", Status: 413, Message: "Zipped size must be smaller than 52428800 bytes"}
		}
	case src.S3Bucket != "" && src.S3Key != "":
		if src.S3ObjectVersion != "" {
			return nil, invalid("S3ObjectVersion is not supported here: objects have one version.")
		}
		var err error
		if data, err = s.object(ctx, region, src); err != nil {
			return nil, err
		}
	default:
		return nil, invalid("Please provide a source for function code.")
	}
	if err := checkZip(data); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	return &code{zip: data, hex: hex.EncodeToString(sum[:]), sha256: base64.StdEncoding.EncodeToString(sum[:])}, nil
}

func (s *Service) object(ctx context.Context, region string, src *codeSource) ([]byte, error) {
	if s.cfg.Object == nil {
		return nil, invalid("Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist")
	}
	data, err := s.cfg.Object(ctx, region, src.S3Bucket, src.S3Key)
	if e, ok := api.As(err); ok {
		return nil, invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", e.Code, e.Message)
	}
	return data, err
}

// checkZip looks at a package as far as AWS does: can it be opened, and is it too large. What an entry claims to hold may be
// a lie; the host counts again when it unpacks.
func checkZip(data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	var total uint64
	for _, f := range z.File {
		total += f.UncompressedSize64
		if f.UncompressedSize64 > maxUnzipped || total > maxUnzipped {
			return invalid("Unzipped size must be smaller than 262144000 bytes")
		}
	}
	for _, f := range z.File { // the first file tells whether the archive is more than a directory
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err == nil {
			_, err = io.CopyN(io.Discard, r, 512)
			r.Close()
		}
		if err != nil && err != io.EOF {
			return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
		}
		break
	}
	return nil
}
