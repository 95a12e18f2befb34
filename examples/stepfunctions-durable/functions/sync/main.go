// Command sync is the durable function that ends within one invocation of its caller: it waits ten seconds without
// compute, and gives its payload back.
package main

import "github.com/perdure/perdure/durable"

func main() { durable.Start(handle) }
