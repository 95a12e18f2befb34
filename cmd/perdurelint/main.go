// Command perdurelint checks durable handlers; package lint says for what. It is a tool for go vet:
//
//	go install github.com/perdure/perdure/cmd/perdurelint@latest
//	go vet -vettool=$(which perdurelint) ./...
package main

import (
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/perdure/perdure/durable/lint"
)

func main() { unitchecker.Main(lint.Analyzers()...) }
