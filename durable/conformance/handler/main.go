// Command handler is a durable function that plays one requirement of package conformance: the one that the environment
// variable REQUIREMENT names, or the echo that chained invokes call if it is "target".
package main

import (
	"fmt"
	"os"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/durable/conformance"
)

func main() {
	id := os.Getenv("REQUIREMENT")
	if id == "target" {
		durable.Start(conformance.Echo())
	}
	for _, c := range conformance.Cases() {
		if c.ID != id {
			continue
		}
		var opts []durable.HandlerOption
		if c.Options != nil {
			opts = c.Options(func(line string) { fmt.Println("journal:", line) })
		}
		durable.Start(c.Handler, opts...)
	}
	fmt.Fprintf(os.Stderr, "REQUIREMENT is %q, which is no requirement\n", id)
	os.Exit(1)
}
