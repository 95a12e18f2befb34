package process

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const (
	maxUnzipped = 262_144_000 // bytes of a package, the limit of AWS Lambda
	maxEntries  = 200_000
)

// unzip unpacks a code package into an existing empty folder and returns its size. It writes nowhere else: names are
// checked, everything is opened below one root, and links are made last and only to targets inside. What entries really
// unpack to is counted against limit, whatever the archive says.
func unzip(data []byte, dir string, limit int64) (int64, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return 0, err
	}
	if len(z.File) > maxEntries {
		return 0, fmt.Errorf("the package has %d entries, more than %d", len(z.File), maxEntries)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	var total int64
	links := map[string]string{}
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, "/")
		if name == "" || name == "." {
			continue
		}
		if !filepath.IsLocal(name) || strings.ContainsAny(name, "\\\x00") {
			return 0, fmt.Errorf("the package has an entry outside its folder: %q", f.Name)
		}
		name = path.Clean(name)
		switch mode := f.Mode(); {
		case strings.HasSuffix(f.Name, "/") || mode.IsDir():
			err = root.MkdirAll(name, 0o755)
		case mode&fs.ModeSymlink != 0:
			links[name], err = linkTarget(f, name)
		case mode.IsRegular():
			var n int64
			n, err = unzipFile(root, f, name, limit-total)
			total += n
		default:
			err = fmt.Errorf("the package has an entry that is neither file, folder nor link: %q", f.Name)
		}
		if err != nil {
			return 0, err
		}
	}
	for name, target := range links {
		if err := makeParent(root, name); err != nil {
			return 0, err
		}
		if err := root.Symlink(target, name); err != nil {
			return 0, err
		}
	}
	return total, nil
}

func makeParent(root *os.Root, name string) error {
	if parent := path.Dir(name); parent != "." {
		return root.MkdirAll(parent, 0o755)
	}
	return nil
}

func unzipFile(root *os.Root, f *zip.File, name string, room int64) (int64, error) {
	if err := makeParent(root, name); err != nil {
		return 0, err
	}
	mode := f.Mode().Perm()&0o755 | 0o644
	if name == "bootstrap" { // archives made on Windows have no modes
		mode |= 0o755
	}
	src, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer src.Close()
	dst, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(dst, io.LimitReader(src, room+1))
	if cerr := dst.Close(); err == nil {
		err = cerr
	}
	if err == nil && n > room {
		err = errors.New("the package unzips to more than is allowed")
	}
	return n, err
}

// linkTarget reads where a link points, which must be inside the package.
func linkTarget(f *zip.File, name string) (string, error) {
	src, err := f.Open()
	if err != nil {
		return "", err
	}
	defer src.Close()
	b, err := io.ReadAll(io.LimitReader(src, 4097))
	if err != nil {
		return "", err
	}
	target := string(b)
	if len(b) > 4096 || path.IsAbs(target) || !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return "", errors.New("the package has a link that points outside its folder: " + name)
	}
	return target, nil
}
