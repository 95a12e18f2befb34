package deploy

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	service "github.com/perdure/perdure/internal/stacks"
	"github.com/perdure/perdure/internal/stacks/provider"
)

// TestTheDocumentListsWhatIsServed compares docs/deploy.md with the server's own lists.
func TestTheDocumentListsWhatIsServed(t *testing.T) {
	b, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	section := func(title string) string {
		_, rest, _ := strings.Cut(string(b), "## "+title+"\n")
		text, _, _ := strings.Cut(rest, "\n## ")
		return text
	}
	names := func(text, pattern string) []string {
		found := map[string]bool{}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			found[m[1]] = true
		}
		return slices.Sorted(maps.Keys(found))
	}
	types, _, _ := strings.Cut(section("Resource types"), "Not served")
	if got, want := names(types, "`(AWS::[A-Za-z0-9:]+)`"), slices.Sorted(maps.Keys(provider.Types(provider.Env{}))); !slices.Equal(got, want) {
		t.Errorf("types\ndocument %v\nserver   %v", got, want)
	}
	var operations []string
	for _, o := range service.New(service.Config{}).Operations() {
		operations = append(operations, o.Name)
	}
	slices.Sort(operations)
	list, _, _ := strings.Cut(section("Operations of CloudFormation"), "Cloud Control")
	if got := names(list, "`([A-Za-z]+)`"); !slices.Equal(got, operations) {
		t.Errorf("operations\ndocument %v\nserver   %v", got, operations)
	}
}
