package wire

import (
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
)

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	start := h.cfg.Now()
	c := &call{}
	id := h.cfg.NewID()
	status := 0
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			h.cfg.Log.Error("a request panicked", "operation", c.opName, "request", id, "panic", p, "stack", string(debug.Stack()))
			if status == 0 {
				status = fail(w, req, c.svc, id, internal(c.svc))
			}
		}
		h.observe(c, status, start)
	}()
	r, err := h.admit(req, c, id)
	if err != nil {
		status = fail(w, req, c.svc, id, err)
		return
	}
	if r == nil {
		h.fallback(w, req)
		return
	}
	resp, failure := c.op.Handle(req.Context(), r)
	if failure != nil {
		status = h.failed(w, req, c, id, failure)
		return
	}
	if resp == nil {
		resp = &api.Response{}
	}
	status = http.StatusOK // from here on, a panic can not be answered any more
	status = answer(w, c, r, resp)
}

func (h *Handler) failed(w http.ResponseWriter, req *http.Request, c *call, id string, err error) int {
	e, ok := api.As(err)
	if !ok {
		e = internal(c.svc)
		if req.Context().Err() == nil {
			h.cfg.Log.Error("a request failed", "service", c.svc.Name, "operation", c.opName, "request", id, "error", err)
		}
	}
	return fail(w, req, c.svc, id, e)
}

// admit takes a request through every step before its handler. A nil request without an error is for no service.
func (h *Handler) admit(req *http.Request, c *call, id string) (*api.Request, *api.Error) {
	if err := h.cfg.Guard.Check(req); err != nil {
		return nil, err
	}
	if err := h.identify(req, c); err != nil {
		return nil, err
	}
	if c.svc == nil {
		if looksSigned(req) {
			return nil, incomplete("Authorization header requires 'Credential' parameter.")
		}
		return nil, nil
	}
	if err := c.resolve(req); err != nil {
		return nil, err
	}
	account, err := h.authenticate(req, c)
	if err != nil {
		return nil, err
	}
	return h.request(req, c, id, account)
}

func looksSigned(req *http.Request) bool { return req.Header.Get("X-Amz-Date") != "" }

// authenticate reads the body and, if there are secrets, checks who signed what.
func (h *Handler) authenticate(req *http.Request, c *call) (account string, _ *api.Error) {
	if h.cfg.Secrets == nil {
		return h.cfg.Account, c.loadBody(req, nil)
	}
	if c.cred == nil {
		return "", unsigned()
	}
	token := req.Header.Get("X-Amz-Security-Token")
	if token == "" && c.cred.presigned {
		token = req.URL.Query().Get("X-Amz-Security-Token")
	}
	secret, account, ok := h.cfg.Secrets(c.cred.accessKey, token)
	if !ok {
		return "", unknownKey()
	}
	claim := req.Header.Get("X-Amz-Content-Sha256")
	isS3 := c.svc.Protocol == S3
	if c.cred.presigned && isS3 && claim == "" {
		claim = unsignedBody
	}
	if claim == "" { // the signature covers the body itself
		if err := c.loadBody(req, nil); err != nil {
			return "", err
		}
		return account, h.verify(req, c.cred, secret, isS3, hashHex(c.body))
	}
	if err := h.verify(req, c.cred, secret, isS3, claim); err != nil {
		return "", err
	}
	if strings.HasPrefix(claim, streamingBody+algorithm) {
		date := req.Header.Get("X-Amz-Date")
		signer := &chunkSigner{key: h.keys.get(secret, c.cred), date: date, scope: c.cred.scope(), last: c.cred.signature}
		return account, c.loadBody(req, signer)
	}
	if err := c.loadBody(req, nil); err != nil {
		return "", err
	}
	if claim != unsignedBody && !strings.HasPrefix(claim, streamingBody) && !sameHash(claim, c.body) {
		return "", mismatch()
	}
	return account, nil
}

// loadBody reads the body once, within the operation's limit, without aws-chunked framing.
func (c *call) loadBody(req *http.Request, signer *chunkSigner) *api.Error {
	if c.read {
		return nil
	}
	limit := c.op.MaxBody
	if limit == 0 {
		limit = DefaultMaxBody
	}
	chunked := strings.HasPrefix(req.Header.Get("X-Amz-Content-Sha256"), streamingBody) ||
		strings.Contains(req.Header.Get("Content-Encoding"), "aws-chunked")
	raw := limit
	if chunked {
		raw += limit/1024 + chunkOverhead
	}
	body, err := readBody(req, raw)
	if err != nil {
		return err
	}
	if chunked {
		var trailer http.Header
		if body, trailer, err = dechunk(body, signer); err != nil {
			return err
		}
		if int64(len(body)) > limit {
			return tooLarge(limit)
		}
		for k, v := range trailer {
			req.Header[k] = v
		}
		plainEncoding(req.Header)
	}
	c.body, c.read = body, true
	return nil
}

// plainEncoding takes "aws-chunked" out of Content-Encoding, which is framing and not the content's.
func plainEncoding(head http.Header) {
	enc := strings.TrimPrefix(head.Get("Content-Encoding"), "aws-chunked")
	if enc = strings.Trim(enc, ", "); enc == "" {
		head.Del("Content-Encoding")
	} else {
		head.Set("Content-Encoding", enc)
	}
}

// request builds what the handler gets.
func (h *Handler) request(req *http.Request, c *call, id, account string) (*api.Request, *api.Error) {
	r := &api.Request{
		Service: c.svc.Name, Operation: c.opName, Region: h.cfg.Region, Account: account, RequestID: id,
		Method: req.Method, Header: req.Header, Body: c.body, Query: c.form, Endpoint: endpoint(req),
	}
	if c.cred != nil {
		r.Region, r.AccessKey = c.cred.region, c.cred.accessKey
	}
	if c.svc.Protocol != S3 && req.Header.Get("Content-Encoding") == "gzip" {
		limit := c.op.MaxBody
		if limit == 0 {
			limit = DefaultMaxBody
		}
		body, err := unzip(c.body, limit)
		if err != nil {
			return nil, err
		}
		r.Body = body
	}
	if r.Query == nil && req.URL.RawQuery != "" {
		q, err := url.ParseQuery(req.URL.RawQuery)
		if err != nil {
			return nil, api.Errorf("InvalidRequestException", "the query string is malformed")
		}
		r.Query = q
	}
	params, err := c.match.params()
	if err != nil {
		e, _ := api.As(err)
		return nil, e
	}
	r.Path = params
	return r, nil
}

// endpoint is the base URL the client used, without the "sync-" that SDKs put before the host for two calls.
func endpoint(req *http.Request) string {
	host := strings.TrimPrefix(req.Host, "sync-")
	if req.TLS != nil {
		return "https://" + host
	}
	return "http://" + host
}

func internal(svc *service) *api.Error {
	e := &api.Error{Code: "InternalFailure", Message: "The request processing has failed because of an unknown error, exception or failure.", Status: 500}
	if svc != nil {
		switch svc.Protocol {
		case RESTJSON:
			e.Code, e.Upper = "ServiceException", true
		case S3:
			e.Code = "InternalError"
		}
	}
	return e
}

func (h *Handler) fallback(w http.ResponseWriter, req *http.Request) {
	if h.cfg.Fallback != nil {
		h.cfg.Fallback.ServeHTTP(w, req)
		return
	}
	e := api.Errorf("NotFound", "%s %s is no request of an AWS service, and there is no page here", req.Method, clip(req.URL.Path))
	e.Status = http.StatusNotFound
	writePlain(w, e)
}

func (h *Handler) observe(c *call, status int, start time.Time) {
	if h.cfg.Observe == nil || c.svc == nil {
		return
	}
	name := "unknown"
	if c.op != nil {
		name = c.op.Name
	}
	h.cfg.Observe(c.svc.Name, name, status, h.cfg.Now().Sub(start))
}
