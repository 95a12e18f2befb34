package process

import (
	"archive/zip"
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perdure/perdure/internal/host"
)

type entry struct {
	name, text string
	mode       fs.FileMode
}

func pack(entries ...entry) []byte {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode != 0 {
			h.SetMode(e.mode)
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			panic(err)
		}
		w.Write([]byte(e.text))
	}
	z.Close()
	return buf.Bytes()
}

func TestUnzipKeepsFilesModesAndLinks(t *testing.T) {
	dir := t.TempDir()
	n, err := unzip(pack(
		entry{"bootstrap", "#!/bin/sh\n", 0}, entry{"tool", "x", 0o755}, entry{"a/b/data", "12345", 0o600}, entry{"empty/", "", fs.ModeDir | 0o755},
		entry{"bin/link", "../a/b/data", fs.ModeSymlink | 0o777},
	), dir, 16)
	if err != nil || n != 16 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	for name, mode := range map[string]fs.FileMode{"bootstrap": 0o755, "tool": 0o755, "a/b/data": 0o644} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, st.Mode(), err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "bin/link")); err != nil || string(b) != "12345" {
		t.Errorf("through the link: %q, %v", b, err)
	}
}

func TestUnzipWritesNowhereElse(t *testing.T) {
	for name, entries := range map[string][]entry{
		"parent":                 {{"../evil", "x", 0}},
		"parent below":           {{"a/../../evil", "x", 0}},
		"absolute":               {{"/evil", "x", 0}},
		"backslash":              {{`..\evil`, "x", 0}},
		"link to parent":         {{"l", "..", fs.ModeSymlink | 0o777}},
		"absolute link":          {{"l", "/etc/passwd", fs.ModeSymlink | 0o777}},
		"link over a file":       {{"f", "x", 0}, {"f", "g", fs.ModeSymlink | 0o777}},
		"device":                 {{"d", "", fs.ModeDevice | 0o600}},
		"file where a folder is": {{"a/b", "x", 0}, {"a", "x", 0}},
	} {
		t.Run(name, func(t *testing.T) {
			outer := t.TempDir()
			dir := filepath.Join(outer, "in")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if _, err := unzip(pack(entries...), dir, maxUnzipped); err == nil {
				t.Error("unpacked")
			}
			if left, _ := os.ReadDir(outer); len(left) != 1 {
				t.Errorf("outside: %v", left)
			}
		})
	}
}

func TestUnzipStopsAtTheLimitWhateverTheArchiveSays(t *testing.T) {
	zeros := strings.Repeat("\x00", 1<<20)
	data := pack(entry{"1", zeros, 0}, entry{"2", zeros, 0}, entry{"3", "x", 0})
	lying := bytes.ReplaceAll(data, []byte{0, 0, 0x10, 0}, []byte{1, 0, 0, 0}) // sizes in the directory
	for name, d := range map[string][]byte{"honest": data, "lying": lying} {
		if n, err := unzip(d, t.TempDir(), 2<<20); err == nil && n > 2<<20 {
			t.Errorf("%s: %d bytes", name, n)
		}
	}
	if _, err := unzip(data, t.TempDir(), 2<<20); err == nil {
		t.Error("unpacked more than is allowed")
	}
	if n, err := unzip(data, t.TempDir(), 2<<20+1); err != nil || n != 2<<20+1 {
		t.Errorf("at the limit: %d, %v", n, err)
	}
}

func TestACodePackageIsUnpackedOnceAndUnusedOnesGoWhenTheCacheIsFull(t *testing.T) {
	dir, reads := t.TempDir(), 0
	blob := func(_ context.Context, name string) ([]byte, error) {
		reads++
		return pack(entry{"f", strings.Repeat(name, 100), 0}), nil
	}
	c := newCodeCache(dir, 250, blob)
	open := func(c *codeCache, name string) (string, func()) {
		d, release, err := c.open(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		return d, release
	}
	a, releaseA := open(c, "a")
	_, releaseB := open(c, "b")
	again, release := open(c, "a")
	if reads != 2 || again != a {
		t.Errorf("%d reads, %s and %s", reads, a, again)
	}
	release()
	releaseB()
	_, releaseC := open(c, "c") // 300 bytes: b goes, a is in use
	if _, err := os.Stat(a); err != nil {
		t.Error(err)
	}
	releaseC()
	releaseA()
	os.MkdirAll(filepath.Join(dir, "code", "new-1-tmp"), 0o755)

	c = newCodeCache(dir, 250, blob) // after a restart
	if d, _ := open(c, "a"); d != a || reads != 3 {
		t.Errorf("after a restart: %s, %d reads", d, reads)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "code")); len(left) != 2 {
		t.Errorf("folders: %v", left)
	}
}

func FuzzUnzip(f *testing.F) {
	f.Add(pack(entry{"bootstrap", "x", 0}, entry{"l", "bootstrap", fs.ModeSymlink | 0o777}))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, data []byte) {
		outer := t.TempDir()
		dir := filepath.Join(outer, "in")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		unzip(data, dir, 1<<20)
		if left, _ := os.ReadDir(outer); len(left) != 1 {
			t.Errorf("outside: %v", left)
		}
	})
}

func TestCodeThatCannotStartIsRefusedWithAReason(t *testing.T) {
	other := []byte(goPackageELF(t))
	if other[18] == 62 {
		other[18] = 183
	} else {
		other[18] = 62
	}
	b := newBench(t, nil)
	b.blobs["arm"] = pack(entry{"bootstrap", string(other[:4096]), 0})
	b.blobs["none"] = pack(entry{"main.txt", "x", 0})
	b.blobs["garbage"] = pack(entry{"bootstrap", "this is no program", 0})
	for _, c := range []struct{ code, runtime, typ, part string }{
		{"arm", "provided.al2023", "Runtime.InvalidEntrypoint", "exec format error: it is for "},
		{"none", "provided.al2", "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"},
		{"garbage", "provided.al2", "Runtime.InvalidEntrypoint", "exec format error"},
		{"none", "java21", "InvalidRuntimeException", "the runtime java21 is not available here"},
		{"absent", "provided.al2", "Runtime.Unknown", "no such blob"},
	} {
		s := goSpec()
		s.Key, s.Code, s.Runtime = c.code+c.runtime, c.code, c.runtime
		_, err := b.Invoke(context.Background(), s, &host.Invocation{RequestID: "r"})
		se, ok := err.(*host.StartError)
		if !ok || se.Type != c.typ || !strings.Contains(se.Message, c.part) {
			t.Errorf("%s %s: %v", c.code, c.runtime, err)
		}
	}
}

func goPackageELF(t *testing.T) string {
	z, err := zip.NewReader(bytes.NewReader(goPackage), int64(len(goPackage)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := fs.ReadFile(z, "bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
