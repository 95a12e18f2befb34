package s3

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	nvme       = crc64.MakeTable(0x9a6c9329ac4bc9b5) // reflected form of the NVMe polynomial
)

// sums are the checksum headers S3 knows.
var sums = map[string]func([]byte) []byte{
	"X-Amz-Checksum-Crc32": func(b []byte) []byte { return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) },
	"X-Amz-Checksum-Crc32c": func(b []byte) []byte {
		return binary.BigEndian.AppendUint32(nil, crc32.Checksum(b, castagnoli))
	},
	"X-Amz-Checksum-Crc64nvme": func(b []byte) []byte {
		return binary.BigEndian.AppendUint64(nil, crc64.Checksum(b, nvme))
	},
	"X-Amz-Checksum-Sha1":   func(b []byte) []byte { h := sha1.Sum(b); return h[:] },
	"X-Amz-Checksum-Sha256": func(b []byte) []byte { h := sha256.Sum256(b); return h[:] },
}

// checksums checks those that an upload carries and returns them.
func checksums(head http.Header, body []byte) (map[string]string, error) {
	if want := head.Get("Content-Md5"); want != "" {
		if h := md5.Sum(body); want != base64.StdEncoding.EncodeToString(h[:]) {
			return nil, fail(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
		}
	}
	var given map[string]string
	for name, sum := range sums {
		want := head.Get(name)
		if want == "" {
			continue
		}
		if base64.StdEncoding.EncodeToString(sum(body)) != want {
			algorithm := strings.ToUpper(strings.TrimPrefix(name, "X-Amz-Checksum-"))
			return nil, fail(400, "BadDigest", "The "+algorithm+" you specified did not match the calculated checksum.")
		}
		if given == nil {
			given = map[string]string{}
		}
		given[name] = want
	}
	return given, nil
}
