package durable

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// FileSystemSerdesMode says which values go into files.
type FileSystemSerdesMode int

const (
	// FileSystemSerdesModeAlways writes every value to a file.
	FileSystemSerdesModeAlways FileSystemSerdesMode = 0
	// FileSystemSerdesModeOverflow writes only those whose envelope would be above 255 KiB.
	FileSystemSerdesModeOverflow FileSystemSerdesMode = 1
)

// overflow is the largest envelope kept in the record, in bytes.
const overflow = 255 * 1024

// FileSystemPathEncoding says how files are named.
type FileSystemPathEncoding int

const (
	// FileSystemPathEncodingURI names them function/execution/invocation/operation.json, percent-encoded.
	FileSystemPathEncodingURI FileSystemPathEncoding = 0
	// FileSystemPathEncodingHash names the directory by the execution's hash.
	FileSystemPathEncodingHash FileSystemPathEncoding = 1
)

// FileSystemSerdesConfig configures NewFileSystemSerdes. GeneratePreview makes what the record shows beside the path.
type FileSystemSerdesConfig struct {
	_               [0]func()
	Mode            FileSystemSerdesMode
	PathEncoding    FileSystemPathEncoding
	GeneratePreview func(value any) map[string]any
}

type fileSerdes struct {
	base string
	cfg  FileSystemSerdesConfig
}

// NewFileSystemSerdes records values as JSON files under basePath, which every invocation must see: a mounted file system,
// not the sandbox's own. The record holds {"data":...} or {"file":path,"preview":...}.
func NewFileSystemSerdes(basePath string, cfg ...FileSystemSerdesConfig) Serdes {
	s := fileSerdes{base: basePath}
	if len(cfg) > 0 {
		s.cfg = cfg[0]
	}
	return s
}

// envelope is what the record holds.
type envelope struct {
	Data    json.RawMessage `json:"data,omitempty"`
	File    string          `json:"file,omitempty"`
	Preview map[string]any  `json:"preview,omitempty"`
}

func (s fileSerdes) Marshal(_ context.Context, meta SerdesContext, v any) ([]byte, error) {
	data, err := marshalJSON(v)
	if err != nil {
		return nil, err
	}
	if s.cfg.Mode == FileSystemSerdesModeOverflow {
		inline, err := marshalJSON(envelope{Data: data})
		if err != nil || len(inline) <= overflow {
			return inline, err
		}
	}
	path := s.path(meta, data)
	if err := writeFile(path, data); err != nil {
		return nil, err
	}
	e := envelope{File: path}
	if s.cfg.GeneratePreview != nil {
		e.Preview = s.cfg.GeneratePreview(v)
	}
	return marshalJSON(e)
}

func (s fileSerdes) Unmarshal(_ context.Context, _ SerdesContext, data []byte, v any) error {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	switch {
	case e.File != "":
		content, err := os.ReadFile(e.File)
		if err != nil {
			return fmt.Errorf("durable: the recorded value's file cannot be read: %w", err)
		}
		return json.Unmarshal(content, v)
	case len(e.Data) > 0:
		return json.Unmarshal(e.Data, v)
	}
	return errors.New("durable: the record holds neither a value nor a file")
}

// path names the file of a value. Without a place in an execution it is named by its content.
func (s fileSerdes) path(meta SerdesContext, data []byte) string {
	if meta.DurableExecutionArn == "" || meta.OperationID == "" {
		sum := sha256.Sum256(data)
		return filepath.Join(s.base, hex.EncodeToString(sum[:])+".json")
	}
	file := segment(meta.OperationID) + ".json"
	if s.cfg.PathEncoding == FileSystemPathEncodingHash {
		sum := sha256.Sum256([]byte(meta.DurableExecutionArn))
		return filepath.Join(s.base, hex.EncodeToString(sum[:16]), file)
	}
	// arn:aws:lambda:region:account:function:NAME:QUALIFIER/durable-execution/EXECUTION/ID
	resource, rest, ok := strings.Cut(meta.DurableExecutionArn, "/durable-execution/")
	execution, id, named := strings.Cut(rest, "/")
	parts := strings.SplitN(resource, ":", 7)
	if !ok || !named || len(parts) < 7 {
		return filepath.Join(s.base, segment(meta.DurableExecutionArn), file)
	}
	return filepath.Join(s.base, segment(parts[6]), segment(execution), segment(id), file)
}

// segment makes one safe path segment of s.
func segment(s string) string {
	if s == "." || s == ".." {
		return strings.ReplaceAll(s, ".", "%2E")
	}
	return escape(s)
}

// writeFile replaces a file as a whole: readers see the old content or the new.
func writeFile(path string, data []byte) error {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
