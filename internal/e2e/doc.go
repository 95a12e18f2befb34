// Package e2e tests the built perdure binary from outside: real processes, real sockets, kill -9, unmodified clients.
//
// Every test owns its server process and data directory. Tests that need the AWS CLI, Node or the JavaScript durable SDK
// skip with a sentence that names what is missing, and fail under PERDURE_TEST_REQUIRE=all.
package e2e
