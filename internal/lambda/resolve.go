package lambda

import (
	"context"

	"github.com/perdure/perdure/internal/api"
)

var _ Functions = (*Service)(nil)

// Resolve implements [Functions].
func (s *Service) Resolve(ctx context.Context, region, account, name, qualifier string) (*Version, error) {
	r, err := parse(region, account, name, qualifier, namespacedPattern)
	if err != nil {
		return nil, err
	}
	return s.resolve(ctx, r, true)
}

// resolve finds the version that a name means, drawing an alias once. start refuses a function that is being deleted.
func (s *Service) resolve(ctx context.Context, name ref, start bool) (*Version, error) {
	qualified := name.qualifier != ""
	if !qualified {
		name.qualifier = "$LATEST"
	}
	f, err := s.cat.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if f == nil || s.drained(ctx, f) {
		return nil, name.notFound()
	}
	number := name.qualifier
	if a := f.Aliases[number]; a != nil {
		number = a.draw(s.eng.Random)
	}
	v, err := s.pinned(ctx, f, number)
	if err != nil {
		return nil, err
	}
	if v == nil || v.Gone {
		return nil, name.notFound()
	}
	out := f.version(v)
	out.Qualified = qualified
	if start && f.Deleting {
		if err := out.Unqualified(); err != nil {
			return nil, err
		}
		return nil, f.wrongState("Deleting")
	}
	return out, nil
}

// pinned finds $LATEST or a version by number, deleted ones that are kept included; nil if there is none.
func (s *Service) pinned(ctx context.Context, f *record, number string) (*revision, error) {
	if number == "$LATEST" {
		return &f.Latest, nil
	}
	return s.cat.version(ctx, f, number)
}

func (f *record) version(v *revision) *Version {
	return &Version{
		Region: f.Region, Account: f.Account, FunctionName: f.Name, Version: v.Config.Version, FunctionARN: f.ref().arn(),
		Spec: v.spec, Durable: v.Config.DurableConfig, TenantOnly: v.Config.TenancyConfig != nil,
	}
}

// VersionByNumber implements [Functions].
func (s *Service) VersionByNumber(ctx context.Context, region, account, function, version string) (*Version, error) {
	name := ref{region: region, account: account, name: function, qualifier: version}
	f, err := s.cat.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, name.notFound()
	}
	v, err := s.pinned(ctx, f, version)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, name.notFound()
	}
	if v.Gone { // found again after a restart
		s.retired.LoadOrStore(name.full(), nil)
	}
	out := f.version(v)
	out.Qualified = true
	return out, nil
}

// noTenant checks that a tenant is named where there are tenants, and only there.
func (v *Version) noTenant(tenant string) error {
	switch {
	case v.TenantOnly && tenant == "":
		return api.Errorf("InvalidParameterValueException", "The invoked function is enabled with tenancy configuration. Add a valid tenant ID in your request and try again.")
	case !v.TenantOnly && tenant != "":
		return api.Errorf("InvalidParameterValueException", "The invoked function is not enabled with tenancy configuration. Remove the tenant ID from your request and try again.")
	}
	return nil
}
