package deploy

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/client"
)

// resource is one of a stack's.
type resource struct {
	Logical  string `xml:"LogicalResourceId"`
	Physical string `xml:"PhysicalResourceId"`
	Type     string `xml:"ResourceType"`
}

func resourcesOf(ctx context.Context, c *client.Client, stack string) (all []resource, _ error) {
	form := url.Values{"StackName": {stack}}
	for range maxPages {
		var out struct {
			Resources []resource `xml:"StackResourceSummaries>member"`
			Next      string     `xml:"NextToken"`
		}
		if err := c.Query(ctx, "cloudformation", cloudFormation, "ListStackResources", form, &out); err != nil {
			return nil, err
		}
		all = append(all, out.Resources...)
		if out.Next == "" {
			break
		}
		form.Set("NextToken", out.Next)
	}
	return all, nil
}

// running tells what becomes of the durable executions of a function whose code has changed.
func running(ctx context.Context, o *Options, id, name string) error {
	query := url.Values{"Statuses": {"RUNNING"}, "MaxItems": {"1000"}}
	counts := map[string]int{} // by version
	for range maxPages {
		var out struct {
			DurableExecutions []struct{ DurableExecutionArn string }
			NextMarker        string
		}
		path := "/2025-12-01/functions/" + url.PathEscape(name) + "/durable-executions"
		if err := o.Client.REST(ctx, "lambda", "GET", path, query, nil, &out); err != nil {
			return err
		}
		for _, e := range out.DurableExecutions {
			function, _, _ := strings.Cut(e.DurableExecutionArn, "/")
			counts[function[strings.LastIndexByte(function, ':')+1:]]++
		}
		if out.NextMarker == "" {
			break
		}
		query.Set("Marker", out.NextMarker)
	}
	for _, version := range slices.Sorted(maps.Keys(counts)) {
		n, executions := counts[version], "executions that run"
		if n == 1 {
			executions = "execution that runs"
		}
		if version == "$LATEST" {
			o.say("%s  %d durable %s on $LATEST: the new code from the next invocation on", id, n, executions)
		} else {
			o.say("%s  %d durable %s on version %s: that version's code to the end", id, n, executions, version)
		}
	}
	return nil
}
