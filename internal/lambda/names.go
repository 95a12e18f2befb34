package lambda

import (
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
)

// ref names a function, and perhaps a version or alias of it.
type ref struct {
	region, account, name string
	qualifier             string // empty if none was given
}

// key is the function's key in the catalogue.
func (r ref) key() string { return r.region + "/" + r.account + "/" + r.name }

// arn is the function's ARN without a qualifier.
func (r ref) arn() string { return arn.New("lambda", r.region, r.account, "function:"+r.name).String() }

// full is the ARN with the qualifier that was given.
func (r ref) full() string {
	if r.qualifier == "" {
		return r.arn()
	}
	return r.arn() + ":" + r.qualifier
}

func (r ref) with(qualifier string) ref {
	r.qualifier = qualifier
	return r
}

func (r ref) notFound() error {
	return &api.Error{Code: "ResourceNotFoundException", Message: "Function not found: " + r.full(), Status: 404, Upper: true}
}

// parse reads any form of a function's name (name, partial ARN, ARN, each with or without a qualifier) beside a qualifier,
// as a caller in a region and account means it. p is the operation's pattern for names, functionNamePattern or
// namespacedPattern.
func parse(region, account, name, qualifier string, p *pattern) (ref, error) {
	var c checks
	if p == namespacedPattern {
		c.longest(name, "functionName", 256)
	} else {
		c.longest(name, "functionName", 140)
	}
	c.like(name, "functionName", p)
	if qualifier != "" {
		c.longest(qualifier, "qualifier", 128)
		c.like(qualifier, "qualifier", qualifierPattern)
	}
	if err := c.err(); err != nil {
		return ref{}, err
	}
	out := ref{region: region, account: account, qualifier: qualifier}
	rest := name
	if strings.HasPrefix(rest, "arn:") {
		rest = strings.SplitN(rest, ":", 4)[3] // the pattern guarantees arn:partition:lambda:
	}
	parts := strings.Split(rest, ":")
	if len(parts) > 1 && strings.Count(parts[0], "-") >= 2 && regionOnly.MatchString(parts[0]) && len(parts) > 2 {
		out.region, parts = parts[0], parts[1:]
	}
	if len(parts) > 1 && isAccount(parts[0]) {
		out.account, parts = parts[0], parts[1:]
	}
	if len(parts) > 1 && parts[0] == "function" {
		parts = parts[1:]
	}
	out.name = parts[0]
	if len(parts) > 1 {
		if qualifier != "" && qualifier != parts[1] {
			return ref{}, invalid("The derived qualifier from the function name does not match the specified qualifier.")
		}
		out.qualifier = parts[1]
	}
	if len(out.name) > 64 {
		c.add(quoted(out.name), "functionName", "Member must have length less than or equal to 64")
		return ref{}, c.err()
	}
	if out.region != region {
		return ref{}, &api.Error{Code: "ResourceNotFoundException", Status: 404, Upper: true,
			Message: "Functions from '" + out.region + "' are not reachable in this region ('" + region + "')"}
	}
	return out, nil
}

var regionOnly = newPattern("", regionPattern).re

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// named reads the name and qualifier of a request.
func named(r *api.Request, p *pattern) (ref, error) {
	return parse(r.Region, r.Account, r.Path["FunctionName"], r.Query.Get("Qualifier"), p)
}
