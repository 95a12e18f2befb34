package wire

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// call is one request on its way through the front door.
type call struct {
	svc    *service // nil: for no service we know
	cred   *credential
	match  match
	op     *api.Operation
	opName string // as asked for, also if it does not exist
	path   string // escaped; without the bucket's host label put back, see s3Path
	body   []byte
	read   bool // body has been read
	form   url.Values
}

// identify finds the service. The credential scope decides if there is one; otherwise the target header, an Action in a
// query or form, or a path that a REST-JSON service has. A nil service without an error is a request for nobody.
func (h *Handler) identify(req *http.Request, c *call) *api.Error {
	cred, err := readCredential(req)
	if err != nil {
		return err
	}
	c.cred, c.path = cred, rawPath(req)
	if cred != nil {
		if c.svc = h.byName[cred.service]; c.svc == nil {
			return h.notOffered(cred.service)
		}
		return nil
	}
	if target := req.Header.Get("X-Amz-Target"); target != "" {
		prefix, _, _ := strings.Cut(target, ".")
		if c.svc = h.byMatch[prefix]; c.svc == nil {
			return h.notOffered(clip(prefix))
		}
		return nil
	}
	if hasKey(req.URL.RawQuery, "Action") || isForm(req) {
		return h.identifyForm(req, c)
	}
	for _, s := range h.rest {
		if _, _, known := s.routes.find(req.Method, c.path, req.URL.RawQuery); known {
			c.svc = s
			return nil
		}
	}
	return nil
}

// identifyForm tells Query services apart by their API version, else by who has the action.
func (h *Handler) identifyForm(req *http.Request, c *call) *api.Error {
	if err := c.readForm(req); err != nil {
		return err
	}
	action, version := c.form.Get("Action"), c.form.Get("Version")
	for _, s := range h.forms {
		if s.Version == version {
			c.svc = s
			return nil
		}
	}
	for _, s := range h.forms {
		if s.byName[action] != nil {
			c.svc = s
			return nil
		}
	}
	return invalidAction(action)
}

func isForm(req *http.Request) bool {
	return req.Method == http.MethodPost && strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// readForm reads a Query request's members from its body and its query string.
func (c *call) readForm(req *http.Request) *api.Error {
	if !c.read {
		body, err := readBody(req, DefaultMaxBody)
		if err != nil {
			return err
		}
		c.body, c.read = body, true
	}
	form, err := url.ParseQuery(string(c.body))
	if err == nil && req.URL.RawQuery != "" {
		var more url.Values
		if more, err = url.ParseQuery(req.URL.RawQuery); err == nil {
			maps.Copy(form, more)
		}
	}
	if err != nil {
		return api.Errorf("MalformedQueryString", "The query string contains a syntax error")
	}
	c.form = form
	return nil
}

// resolve finds the operation in the service.
func (c *call) resolve(req *http.Request) *api.Error {
	switch c.svc.Protocol {
	case RESTJSON:
		return c.resolveREST(req)
	case S3:
		return c.resolveS3(req)
	case Query:
		if c.form == nil {
			if err := c.readForm(req); err != nil {
				return err
			}
		}
		c.opName = c.form.Get("Action")
		if c.op = c.svc.byName[c.opName]; c.op == nil {
			return invalidAction(c.opName)
		}
		return nil
	}
	prefix, name, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	c.opName = name
	if prefix == c.svc.Target {
		c.op = c.svc.byName[name]
	}
	if c.op == nil {
		return api.Unknown(c.svc.Name, clip(name))
	}
	return nil
}

func (c *call) resolveREST(req *http.Request) *api.Error {
	m, ok, _ := c.svc.routes.find(req.Method, c.path, req.URL.RawQuery)
	if !ok {
		e := api.Unknown(c.svc.Name, req.Method+" "+clip(c.path))
		e.Status = http.StatusNotFound
		return e
	}
	c.match, c.op, c.opName = m, m.op, m.op.Name
	return nil
}

func invalidAction(action string) *api.Error {
	return api.Errorf("InvalidAction", "The action %s is not valid for this web service.", clip(action))
}

func (h *Handler) notOffered(service string) *api.Error {
	return api.Errorf("UnknownOperationException", "the service %s is not offered here; offered are %s", service, h.names)
}

func joinNames(m map[string]*service) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}
