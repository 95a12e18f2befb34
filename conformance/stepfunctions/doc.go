// Package stepfunctions replays what AWS Step Functions answered, as recorded in the conformance corpus, against a perdure
// in this process, over HTTP.
//
// The corpus lies outside the repository; $PERDURE_CONFORMANCE names it, or it is found as ../shared/conformance above the
// repository. testdata/baseline.txt lists the cases that pass: the test fails when one of them breaks, and when one passes
// that is not listed. Run with -v for a table per group, with -update to write the list, with -case to run cases whose
// id contains a text and see what differs.
//
// corpus.go reads cases, match.go compares, replay.go drives a case, world_test.go is the server.
package stepfunctions
