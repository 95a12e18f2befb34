package wire

import (
	"bytes"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// maxTrailer bounds the trailing headers of an aws-chunked body, in bytes.
const maxTrailer = 8 << 10

// chunkSigner checks the signatures inside an aws-chunked body; nil checks nothing. Each chunk's signature covers the one
// before it, beginning with that of the request.
type chunkSigner struct {
	key         [32]byte
	date, scope string
	last        string
}

func (s *chunkSigner) chunk(data []byte, signature string) bool {
	return s.check(algorithm+"-PAYLOAD", hashHex(nil)+"\n"+hashHex(data), signature)
}

func (s *chunkSigner) trailer(raw, signature string) bool {
	return s.check(algorithm+"-TRAILER", hashHex([]byte(raw)), signature)
}

func (s *chunkSigner) check(kind, hashes, signature string) bool {
	want := hmac256(s.key[:], kind+"\n"+s.date+"\n"+s.scope+"\n"+s.last+"\n"+hashes)
	got, err := hex.DecodeString(signature)
	s.last = signature
	return err == nil && subtle.ConstantTimeCompare(want, got) == 1
}

// dechunk takes the framing off an aws-chunked body, in place, and returns the trailing headers:
//
//	hex-size[;chunk-signature=hex]\r\n data \r\n ... 0[;chunk-signature=hex]\r\n name:value\r\n ... \r\n
func dechunk(body []byte, signer *chunkSigner) ([]byte, http.Header, *api.Error) {
	out, in := body[:0], body
	for {
		line, rest, ok := bytes.Cut(in, []byte("\r\n"))
		if !ok || len(line) > 256 {
			return nil, nil, malformedChunk("a chunk header is missing or too long")
		}
		size, signature, err := chunkHeader(string(line))
		if err != nil || size > len(rest) {
			return nil, nil, malformedChunk("a chunk's size is wrong")
		}
		if signer != nil && !signer.chunk(rest[:size], signature) {
			return nil, nil, mismatch()
		}
		if size == 0 {
			trailer, err := readTrailer(rest, signer)
			return out, trailer, err
		}
		out = append(out, rest[:size]...)
		if in, ok = bytes.CutPrefix(rest[size:], []byte("\r\n")); !ok {
			return nil, nil, malformedChunk("a chunk does not end where its size says")
		}
	}
}

func chunkHeader(line string) (size int, signature string, err error) {
	hexSize, ext, _ := strings.Cut(line, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(hexSize), 16, 31)
	signature = strings.TrimPrefix(ext, "chunk-signature=")
	return int(n), signature, err
}

func readTrailer(raw []byte, signer *chunkSigner) (http.Header, *api.Error) {
	if len(raw) > maxTrailer {
		return nil, malformedChunk("the trailer is too long")
	}
	h := http.Header{}
	var signed strings.Builder
	signature := ""
	for line := range strings.SplitSeq(string(raw), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, malformedChunk("a trailing header has no colon")
		}
		value = strings.TrimSpace(value)
		if strings.EqualFold(name, "x-amz-trailer-signature") {
			signature = value
			continue
		}
		signed.WriteString(strings.ToLower(name) + ":" + value + "\n")
		h.Add(name, value)
	}
	if signer != nil && len(h) > 0 && !signer.trailer(signed.String(), signature) {
		return nil, mismatch()
	}
	return h, nil
}

func malformedChunk(why string) *api.Error {
	return api.Errorf("InvalidRequest", "the aws-chunked body is malformed: %s", why)
}
