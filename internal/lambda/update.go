package lambda

import (
	"context"
	"slices"
	"strconv"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

func itoa(n int) string { return strconv.Itoa(n) }

// unqualified reads the name of a function that an operation changes as a whole.
func unqualified(r *api.Request) (ref, error) {
	name, err := named(r, functionNamePattern)
	if err == nil && name.qualifier != "" {
		err = name.notFound() // changes are of $LATEST and named without it
	}
	return name, err
}

func staleRevision(what string) error {
	return &api.Error{Code: "PreconditionFailedException", Status: 412,
		Message: "The Revision Id provided does not match the latest Revision Id. Call the " + what + " API to retrieve the latest Revision Id"}
}

const functionOrAlias = "GetFunction/GetAlias"

type updateCodeInput struct {
	codeSource
	Architectures []string
	Publish       bool
	PublishTo     string
	DryRun        bool
	RevisionId    string
}

func (s *Service) updateCode(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := unqualified(r)
	if err != nil {
		return nil, err
	}
	in, err := body[updateCodeInput](r)
	if err != nil {
		return nil, err
	}
	var c checks
	checkArchitectures(&c, in.Architectures)
	if err := c.err(); err != nil {
		return nil, err
	}
	if in.PublishTo != "" {
		return nil, invalid("PublishTo is not supported here.")
	}
	if f, err := s.cat.find(ctx, name); err != nil {
		return nil, err
	} else if f == nil {
		return nil, name.notFound()
	}
	if in.ImageUri != "" {
		return nil, invalid("Please don't provide ImageUri when updating a function with packageType Zip.")
	}
	pkg, err := s.fetch(ctx, r.Region, &in.codeSource)
	if err != nil {
		return nil, err
	}
	blob := name.blobName(pkg.hex)
	if !in.DryRun {
		if err := s.eng.Store().PutBlob(ctx, blob, pkg.zip); err != nil {
			return nil, err
		}
	}
	var out Configuration
	var old []string
	retire := ""
	edit := func(f *record) ([]store.Doc, error) {
		if err := f.changeable(in.RevisionId); err != nil {
			return nil, err
		}
		retire, old = f.Latest.spec.Key, f.Stale
		f.Stale = nil
		if f.Latest.Blob != blob {
			f.Stale = []string{f.Latest.Blob} // until the next change, for those who are about to run it
		}
		v := &f.Latest
		v.Blob, v.Config.CodeSha256, v.Config.CodeSize = blob, pkg.sha256, int64(len(pkg.zip))
		if len(in.Architectures) > 0 {
			v.Config.Architectures = in.Architectures
		}
		s.touch(f)
		return s.updated(f, in.Publish, &out)
	}
	if in.DryRun {
		f, err := s.cat.load(ctx, name)
		if err == nil && f == nil {
			err = name.notFound()
		}
		if err == nil {
			_, err = edit(f)
		}
		if err != nil {
			return nil, err
		}
		return answer(out)
	}
	if err := s.cat.change(ctx, name, edit); err != nil {
		return nil, err
	}
	s.host.Retire(retire)
	s.discard(ctx, name, old)
	return answer(out)
}

// changeable refuses a change of a function that is being deleted, or that has changed since the caller looked.
func (f *record) changeable(revisionID string) error {
	if f.Deleting {
		return f.wrongState("Deleting")
	}
	if revisionID != "" && revisionID != f.Latest.Config.RevisionId {
		return staleRevision(functionOrAlias)
	}
	return nil
}

func (f *record) wrongState(state string) error {
	return &api.Error{Code: "ResourceConflictException", Status: 409,
		Message: "The operation cannot be performed at this time. The function is currently in the following state: " + state}
}

// touch marks a change of $LATEST.
func (s *Service) touch(f *record) {
	c := &f.Latest.Config
	c.LastModified, c.RevisionId = stamp(s.eng.Now()), s.eng.NewID()
	c.State, c.LastUpdateStatus = "Active", "Successful"
	c.seal(f.Region)
}

// updated makes the answer to an update, of the new version if it is to be published.
func (s *Service) updated(f *record, publish bool, out *Configuration) ([]store.Doc, error) {
	if !publish {
		*out = f.Latest.Config.at(f.ref().arn()).updating()
		return nil, nil
	}
	d, err := s.publish(f, "")
	if err != nil {
		return nil, err
	}
	*out = f.Latest.Config.at(f.ref().with(itoa(f.LastVersion)).full()).updating()
	out.Version = itoa(f.LastVersion)
	return []store.Doc{*d}, nil
}

// discard removes packages that no version uses any more. Failures only leave a package behind.
func (s *Service) discard(ctx context.Context, name ref, blobs []string) {
	if len(blobs) == 0 {
		return
	}
	f, err := s.cat.load(ctx, name)
	if err != nil {
		return
	}
	used := []string{}
	if f != nil {
		used = append(f.Stale, f.Latest.Blob)
		for after := 0; ; {
			page, err := s.cat.published(ctx, name, after, 100)
			if err != nil {
				return
			}
			for _, v := range page {
				used = append(used, v.Blob)
				after, _ = strconv.Atoi(v.Config.Version)
			}
			if len(page) < 100 {
				break
			}
		}
	}
	for _, b := range blobs {
		if !slices.Contains(used, b) {
			s.eng.Store().DeleteBlob(ctx, b)
		}
	}
}

type updateConfigurationInput struct {
	settings
	RevisionId string
}

func (s *Service) updateConfiguration(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := unqualified(r)
	if err != nil {
		return nil, err
	}
	in, err := body[updateConfigurationInput](r)
	if err != nil {
		return nil, err
	}
	var c checks
	in.shape(&c)
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := in.refuse(); err != nil {
		return nil, err
	}
	if err := in.rules(); err != nil {
		return nil, err
	}
	var out Configuration
	retire := ""
	err = s.cat.change(ctx, name, func(f *record) ([]store.Doc, error) {
		if err := f.changeable(in.RevisionId); err != nil {
			return nil, err
		}
		retire = f.Latest.spec.Key
		if err := in.apply(&f.Latest.Config); err != nil {
			return nil, err
		}
		s.touch(f)
		return s.updated(f, false, &out)
	})
	if err != nil {
		return nil, err
	}
	s.host.Retire(retire)
	return answer(out)
}
