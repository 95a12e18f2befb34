package provider

import (
	"archive/zip"
	"bytes"
	_ "embed" // the modules
	"encoding/base64"
	"errors"
	"strings"
)

// Inline code finds a module for answering CloudFormation beside it, as on AWS.
var (
	//go:embed modules/cfnresponse.py
	cfnResponsePython []byte
	//go:embed modules/cfn-response.js
	cfnResponseNode []byte
)

// inline packs source text from a template as the one file that the runtime looks for.
func inline(source, runtime string) (string, error) {
	files := map[string][]byte{}
	var order []string
	add := func(name string, content []byte) { files[name], order = content, append(order, name) }
	switch {
	case strings.HasPrefix(runtime, "nodejs"):
		add("index.js", []byte(source))
		if strings.Contains(source, "cfn-response") {
			add("node_modules/cfn-response/index.js", cfnResponseNode)
		}
	case strings.HasPrefix(runtime, "python"):
		add("index.py", []byte(source))
		if strings.Contains(source, "cfnresponse") {
			add("cfnresponse.py", cfnResponsePython)
		}
	default:
		return "", errors.New("inline code (Code.ZipFile) works with Node.js and Python runtimes only")
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, name := range order {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			return "", err
		}
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}
