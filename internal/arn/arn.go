// Package arn parses and builds Amazon Resource Names and the qualified names of functions and state machines.
//
// It is pure text: no resource needs to exist. Forms follow the AWS documentation; one file per service.
package arn

import (
	"fmt"
	"strings"
)

// ARN is arn:Partition:Service:Region:Account:Resource. Resource may itself hold colons and slashes.
type ARN struct {
	Partition, Service, Region, Account, Resource string
}

// Parse splits s. It fails if s has fewer than six parts or does not begin with "arn:".
func Parse(s string) (ARN, error) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] == "" || p[2] == "" || p[5] == "" {
		return ARN{}, fmt.Errorf("%q is not an ARN: expected arn:partition:service:region:account:resource", s)
	}
	return ARN{p[1], p[2], p[3], p[4], p[5]}, nil
}

// String is the text form.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// New makes an ARN of the aws partition that matches region: aws, aws-cn or aws-us-gov.
func New(service, region, account, resource string) ARN {
	return ARN{Partition(region), service, region, account, resource}
}

// Partition names the partition a region belongs to.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
