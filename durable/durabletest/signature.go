package durabletest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// OperationSignature is what a change of a handler must not change under running executions.
type OperationSignature struct {
	Type    string `json:"type"`
	SubType string `json:"subType"`
	Name    string `json:"name"`
	Status  string `json:"status"`
}

// EventSignature lists the signatures of a result's operations in the order of their first checkpoint.
func EventSignature(result *TestResult) []OperationSignature {
	out := make([]OperationSignature, 0, len(result.Operations))
	for _, o := range result.Operations {
		out = append(out, OperationSignature{o.Type, o.SubType, o.Name, o.Status})
	}
	return out
}

// AssertGoldenSignature compares a result's signature with the one kept in a file, in order. With UPDATE_GOLDEN=1 it
// writes the file instead.
func AssertGoldenSignature(t testing.TB, result *TestResult, goldenPath string) {
	t.Helper()
	golden(t, EventSignature(result), goldenPath, false)
}

// AssertGoldenSignatureUnordered is AssertGoldenSignature for operations that run beside each other.
func AssertGoldenSignatureUnordered(t testing.TB, result *TestResult, goldenPath string) {
	t.Helper()
	golden(t, EventSignature(result), goldenPath, true)
}

func golden(t testing.TB, got []OperationSignature, path string, unordered bool) {
	t.Helper()
	if unordered {
		slices.SortFunc(got, compareSignatures)
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("durabletest: no golden signature (run with UPDATE_GOLDEN=1 to write it): %v", err)
	}
	var want []OperationSignature
	if err := json.Unmarshal(kept, &want); err != nil {
		t.Fatalf("durabletest: %s is not a signature: %v", path, err)
	}
	if unordered {
		slices.SortFunc(want, compareSignatures)
	}
	if !slices.Equal(got, want) {
		old, _ := json.MarshalIndent(want, "", "  ") // it was just decoded
		t.Errorf("durabletest: the signature differs from %s\n got %s\nwant %s", path, bytes.TrimSpace(text), old)
	}
}

func compareSignatures(a, b OperationSignature) int {
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// AssertSignatureContains checks that each required signature occurs, as often as it is listed.
func AssertSignatureContains(t testing.TB, result *TestResult, required []OperationSignature) {
	t.Helper()
	left := EventSignature(result)
	for _, s := range required {
		i := slices.Index(left, s)
		if i < 0 {
			t.Errorf("durabletest: the execution has no operation %+v", s)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
}

// AssertSignatureExcludes checks that none of the signatures occurs.
func AssertSignatureExcludes(t testing.TB, result *TestResult, excluded []OperationSignature) {
	t.Helper()
	have := EventSignature(result)
	for _, s := range excluded {
		if slices.Contains(have, s) {
			t.Errorf("durabletest: the execution has an operation %+v", s)
		}
	}
}
