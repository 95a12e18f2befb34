package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/store"
)

const (
	urlPath  = "/2021-10-31/functions/{FunctionName}/url"
	spaceURL = "lambda/url"
)

// URLPath is where a function's URL begins on the server's own host, followed by the id of the URL and the path that the
// function is to see. It needs no name that has to be resolved.
const URLPath = "/_perdure/url/"

// urlConfig is a function's URL, or that of one of its aliases.
type urlConfig struct {
	ID         string
	AuthType   string
	Cors       *Cors `json:",omitempty"`
	InvokeMode string
	Created    time.Time
	Modified   time.Time
}

// Cors says which web pages may read what a URL answers.
type Cors struct {
	AllowCredentials bool     `json:",omitempty"`
	AllowHeaders     []string `json:",omitempty"`
	AllowMethods     []string `json:",omitempty"`
	AllowOrigins     []string `json:",omitempty"`
	ExposeHeaders    []string `json:",omitempty"`
	MaxAge           *int     `json:",omitempty"`
}

func (c *Cors) check(v *checks) {
	v.between(c.MaxAge, "cors.maxAge", 0, 86_400)
	for _, l := range []struct {
		list    []string
		member  string
		most    int
		longest int
	}{
		{c.AllowHeaders, "cors.allowHeaders", 100, 1024}, {c.AllowMethods, "cors.allowMethods", 6, 6},
		{c.AllowOrigins, "cors.allowOrigins", 100, 253}, {c.ExposeHeaders, "cors.exposeHeaders", 100, 1024},
	} {
		if len(l.list) > l.most {
			v.add(quoted(l.list), l.member, fmt.Sprintf("Member must have length less than or equal to %d", l.most))
		}
		for _, s := range l.list {
			v.longest(s, l.member, l.longest)
		}
	}
}

// urlDoc finds a URL's function by the id.
type urlDoc struct {
	Format                           int `json:"format"`
	Region, Account, Name, Qualifier string
}

type urlInput struct {
	AuthType   string
	InvokeMode string
	Cors       *Cors
}

func (in *urlInput) check(create bool) error {
	var c checks
	if in.AuthType != "" || create && c.required(in.AuthType, "authType") {
		c.oneOf(in.AuthType, "authType", "NONE", "AWS_IAM")
	}
	if in.InvokeMode != "" {
		c.oneOf(in.InvokeMode, "invokeMode", "BUFFERED", "RESPONSE_STREAM")
	}
	if in.Cors != nil {
		in.Cors.check(&c)
	}
	if err := c.err(); err != nil {
		return err
	}
	if in.InvokeMode == "RESPONSE_STREAM" {
		return invalid("InvokeMode RESPONSE_STREAM is not supported here: responses are buffered. Use BUFFERED.")
	}
	return nil
}

// apply puts what was given into c. Cors without members takes the configuration away.
func (in *urlInput) apply(c *urlConfig) {
	if in.AuthType != "" {
		c.AuthType = in.AuthType
	}
	if in.Cors != nil {
		c.Cors = in.Cors
		if b, err := json.Marshal(in.Cors); err == nil && string(b) == "{}" {
			c.Cors = nil
		}
	}
}

// urlAnswer is a URL as the operations show it.
type urlAnswer struct {
	FunctionUrl, FunctionArn, AuthType string
	Cors                               *Cors `json:",omitempty"`
	CreationTime                       string
	LastModifiedTime                   string `json:",omitempty"`
	InvokeMode                         string
}

func (c *urlConfig) answer(r *api.Request, name ref, modified bool) urlAnswer {
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
	a := urlAnswer{FunctionUrl: r.Endpoint + URLPath + c.ID + "/", FunctionArn: name.full(), AuthType: c.AuthType, Cors: c.Cors,
		CreationTime: at(c.Created), InvokeMode: c.InvokeMode}
	if modified {
		a.LastModifiedTime = at(c.Modified)
	}
	return a
}

// urlOf reads whose URL an operation is about: a function's, or an alias's.
func urlOf(r *api.Request) (ref, error) {
	name, err := named(r, functionNamePattern)
	if err == nil && name.qualifier != "" {
		var c checks
		c.longest(name.qualifier, "qualifier", 128)
		c.like(name.qualifier, "qualifier", aliasPattern)
		err = c.err()
	}
	return name, err
}

func (s *Service) createURL(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := urlOf(r)
	if err != nil {
		return nil, err
	}
	in, err := body[urlInput](r)
	if err != nil {
		return nil, err
	}
	if err := in.check(true); err != nil {
		return nil, err
	}
	now := s.eng.Now()
	c := &urlConfig{ID: strings.ReplaceAll(s.eng.NewID(), "-", ""), InvokeMode: "BUFFERED", Created: now, Modified: now}
	in.apply(c)
	err = s.cat.change(ctx, name.with(""), func(f *record) ([]store.Doc, error) {
		if err := f.changeable(""); err != nil {
			return nil, err
		}
		if name.qualifier != "" && f.Aliases[name.qualifier] == nil {
			return nil, name.notFound()
		}
		if f.URLs[name.qualifier] != nil {
			return nil, &api.Error{Code: "ResourceConflictException", Status: 409, Message: "Failed to create function url config for [functionArn = " +
				name.full() + "]. Error message:  FunctionUrlConfig exists for this Lambda function"}
		}
		if f.URLs == nil {
			f.URLs = map[string]*urlConfig{}
		}
		f.URLs[name.qualifier] = c
		b, err := json.Marshal(urlDoc{1, f.Region, f.Account, f.Name, name.qualifier})
		return []store.Doc{{Space: spaceURL, Key: c.ID, Value: b}}, err
	})
	if err != nil {
		return nil, err
	}
	return answer(c.answer(r, name, false))
}

func (s *Service) getURL(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := urlOf(r)
	if err != nil {
		return nil, err
	}
	f, err := s.cat.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if f == nil || f.URLs[name.qualifier] == nil {
		return nil, noResource()
	}
	return answer(f.URLs[name.qualifier].answer(r, name, true))
}

func (s *Service) updateURL(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := urlOf(r)
	if err != nil {
		return nil, err
	}
	in, err := body[urlInput](r)
	if err != nil {
		return nil, err
	}
	if err := in.check(false); err != nil {
		return nil, err
	}
	var out urlConfig
	err = s.cat.change(ctx, name.with(""), func(f *record) ([]store.Doc, error) {
		c := f.URLs[name.qualifier]
		if c == nil {
			return nil, noResource()
		}
		in.apply(c)
		c.Modified = s.eng.Now()
		out = *c
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	return answer(out.answer(r, name, true))
}

func (s *Service) deleteURL(ctx context.Context, r *api.Request) (*api.Response, error) {
	name, err := urlOf(r)
	if err != nil {
		return nil, err
	}
	err = s.cat.change(ctx, name.with(""), func(f *record) ([]store.Doc, error) {
		if f.URLs[name.qualifier] == nil {
			return nil, noResource()
		}
		return s.dropURL(ctx, f, name.qualifier)
	})
	return &api.Response{}, err
}

// dropURL takes a URL away from a function, if there is one.
func (s *Service) dropURL(ctx context.Context, f *record, qualifier string) ([]store.Doc, error) {
	c := f.URLs[qualifier]
	if c == nil {
		return nil, nil
	}
	delete(f.URLs, qualifier)
	d, err := s.eng.Store().Doc(ctx, spaceURL, c.ID)
	if err != nil {
		return nil, err
	}
	return []store.Doc{{Space: spaceURL, Key: c.ID, Version: d.Version}}, nil
}

func (s *Service) listURLs(ctx context.Context, r *api.Request) (*api.Response, error) {
	l, err := s.list(ctx, r)
	if err != nil {
		return nil, err
	}
	out := struct {
		FunctionUrlConfigs []urlAnswer
		NextMarker         string `json:",omitempty"`
	}{FunctionUrlConfigs: []urlAnswer{}}
	qualifiers, next := page(l, l.f.URLs, nil)
	for _, q := range qualifiers {
		out.FunctionUrlConfigs = append(out.FunctionUrlConfigs, l.f.URLs[q].answer(r, l.name.with(q), true))
	}
	out.NextMarker = next
	return answer(out)
}

// URL is a function's URL as whoever serves it needs to know it.
type URL struct {
	ID       string
	Region   string
	Account  string
	Function string
	Alias    string // empty: $LATEST
	IAM      bool   // requests have to be signed
	Cors     *Cors  // nil: pages of other origins are the function's business
}

// URL finds a URL by its id; nil if there is none.
func (s *Service) URL(ctx context.Context, id string) (*URL, error) {
	if len(id) > 64 || strings.Contains(id, "\x00") {
		return nil, nil
	}
	d, err := s.eng.Store().Doc(ctx, spaceURL, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var u urlDoc
	if err := json.Unmarshal(d.Value, &u); err != nil {
		return nil, fmt.Errorf("the function URL %s cannot be read: %w", id, err)
	}
	f, err := s.cat.find(ctx, ref{region: u.Region, account: u.Account, name: u.Name})
	if err != nil || f == nil || f.URLs[u.Qualifier] == nil {
		return nil, err
	}
	c := f.URLs[u.Qualifier]
	return &URL{ID: id, Region: u.Region, Account: u.Account, Function: u.Name, Alias: u.Qualifier, IAM: c.AuthType == "AWS_IAM", Cors: c.Cors}, nil
}
