package wire

import (
	"bytes"
	"compress/gzip"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// chunkOverhead is what aws-chunked framing may add to a body, on top of its limit.
const chunkOverhead = 64 << 10

// readBody reads at most limit bytes. One allocation of the right size if the client says how much it sends.
func readBody(req *http.Request, limit int64) ([]byte, *api.Error) {
	if req.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	if req.ContentLength == 0 {
		return nil, nil
	}
	if req.ContentLength > 0 {
		body := make([]byte, req.ContentLength)
		if _, err := io.ReadFull(req.Body, body); err != nil {
			return nil, brokenBody(err)
		}
		return body, nil
	}
	return readBounded(req.Body, limit)
}

func readBounded(r io.Reader, limit int64) ([]byte, *api.Error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, brokenBody(err)
	case int64(len(body)) > limit:
		return nil, tooLarge(limit)
	}
	return body, nil
}

func tooLarge(limit int64) *api.Error {
	e := api.Errorf("RequestEntityTooLargeException", "Request must be smaller than %d bytes", limit)
	e.Status = http.StatusRequestEntityTooLarge
	return e
}

func brokenBody(err error) *api.Error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return api.Errorf("IncompleteBody", "the request body ended before its Content-Length")
	}
	return api.Errorf("IncompleteBody", "the request body could not be read: %v", err)
}

// unzip undoes Content-Encoding: gzip, bounded by limit.
func unzip(body []byte, limit int64) ([]byte, *api.Error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, api.Errorf("SerializationException", "the request body says gzip and is not")
	}
	return readBounded(z, limit)
}

// sameHash compares a claimed x-amz-content-sha256 with the body.
func sameHash(claim string, body []byte) bool {
	return subtle.ConstantTimeCompare([]byte(strings.ToLower(claim)), []byte(hashHex(body))) == 1
}
