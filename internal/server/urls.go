package server

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/lambda"
	"github.com/perdure/perdure/internal/wire"
)

// maxURLBody is Lambda's limit for what a function's URL is sent, in bytes.
const maxURLBody = 6 << 20

// urls serves the URLs of functions, in two forms:
//
//	http://ID.lambda-url.REGION.localhost:PORT/path     has an origin of its own, and is where browsers are sent
//	http://127.0.0.1:PORT/_perdure/url/ID/path          needs no name that has to be resolved
//
// Whoever knows a URL may call it, as on AWS. What a page may read of the answer is up to the URL's Cors.
type urls struct {
	s     *Server
	guard *wire.Guard
	aws   *wire.Handler
}

// serve answers a request if it is to a function's URL.
func (u *urls) serve(w http.ResponseWriter, req *http.Request) bool {
	if id, region, ok := u.guard.URLHost(req.Host); ok {
		u.answer(w, req, id, region, req.URL.EscapedPath())
		return true
	}
	rest, ok := strings.CutPrefix(req.URL.EscapedPath(), lambda.URLPath)
	if !ok || !u.guard.Admits(req.Host) {
		return false
	}
	id, path, _ := strings.Cut(rest, "/")
	u.answer(w, req, id, "", "/"+path)
	return true
}

func (u *urls) answer(w http.ResponseWriter, req *http.Request, id, region, path string) {
	target, err := u.s.parts.lambda.URL(req.Context(), id)
	if err != nil {
		u.failed(w, req, err)
		return
	}
	if target == nil || region != "" && region != target.Region {
		refuse(w, http.StatusNotFound, "there is no such function URL")
		return
	}
	if region == "" && redirect(w, req, target, path) {
		return
	}
	cross := crossOrigin(target.Cors, req)
	if cross != nil && req.Method == http.MethodOptions && req.Header.Get("Access-Control-Request-Method") != "" {
		set(w.Header(), cross)
		return
	}
	res, err := u.invoke(w, req, target, path)
	set(w.Header(), cross)
	if err != nil {
		u.failed(w, req, err)
		return
	}
	if cross != nil { // the URL's word counts, not the function's
		for k := range res.Header {
			if strings.HasPrefix(k, "Access-Control-") {
				delete(res.Header, k)
			}
		}
	}
	set(w.Header(), res.Header)
	if region == "" && strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		// The page would have the origin of the server's own operations.
		w.Header().Add("Content-Security-Policy", "sandbox allow-scripts allow-forms allow-popups")
	}
	w.WriteHeader(res.Status)
	w.Write(res.Body) // the client has gone if this fails: nothing to do about it
}

func set(head, more http.Header) {
	for k, v := range more {
		head[k] = v
	}
}

// redirect sends a browser that opens a page to the URL that has an origin of its own. Browsers know names under
// localhost without asking.
func redirect(w http.ResponseWriter, req *http.Request, target *lambda.URL, path string) bool {
	host, port, err := net.SplitHostPort(req.Host)
	if req.Header.Get("Sec-Fetch-Mode") != "navigate" || err != nil {
		return false
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return false
	}
	scheme := "http://"
	if req.TLS != nil {
		scheme = "https://"
	}
	if req.URL.RawQuery != "" {
		path += "?" + req.URL.RawQuery
	}
	w.Header().Set("Location", scheme+target.ID+".lambda-url."+target.Region+".localhost:"+port+path)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return true
}

func (u *urls) invoke(w http.ResponseWriter, req *http.Request, target *lambda.URL, path string) (*lambda.URLResponse, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxURLBody))
	if err != nil {
		return nil, &api.Error{Code: "RequestTooLargeException", Status: http.StatusRequestEntityTooLarge, Message: "Request Entity Too Large"}
	}
	call := &lambda.URLRequest{Method: req.Method, Path: path, RawQuery: req.URL.RawQuery, Header: req.Header.Clone(), Body: body, Host: req.Host,
		Protocol: req.Proto, RequestID: newID()}
	if target.IAM {
		key, refusal := u.aws.Signer(req, "lambda", body)
		if refusal != nil {
			return nil, refusal
		}
		call.AccessKey = key
	}
	if call.SourceIP, _, err = net.SplitHostPort(req.RemoteAddr); err != nil {
		call.SourceIP = req.RemoteAddr
	}
	w.Header()["X-Amzn-Requestid"] = []string{call.RequestID}
	return u.s.parts.lambda.InvokeURL(req.Context(), target, call)
}

func (u *urls) failed(w http.ResponseWriter, req *http.Request, err error) {
	e, ok := api.As(err)
	switch {
	case !ok && req.Context().Err() == nil:
		u.s.cfg.Log.Error("a request to a function URL failed", "path", req.URL.Path, "error", err)
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	case !ok: // the client has gone
	default:
		if e.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
		}
		refuse(w, e.HTTPStatus(), e.Message)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	b, _ := json.Marshal(map[string]string{"Message": message}) // a map of strings always encodes
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(b)
}

// crossOrigin are the headers that let a page of another origin read the answer; nil if the URL has nothing to say.
func crossOrigin(c *lambda.Cors, req *http.Request) http.Header {
	if c == nil {
		return nil
	}
	h := http.Header{}
	origin := req.Header.Get("Origin")
	switch {
	case origin == "":
		return h
	case slices.Contains(c.AllowOrigins, "*") && !c.AllowCredentials:
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(c.AllowOrigins, "*") || slices.Contains(c.AllowOrigins, origin):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Vary", "Origin")
	default:
		return h
	}
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	list := func(name string, values []string) {
		if len(values) > 0 {
			h.Set(name, strings.Join(values, ","))
		}
	}
	list("Access-Control-Expose-Headers", c.ExposeHeaders)
	if req.Method == http.MethodOptions {
		list("Access-Control-Allow-Headers", c.AllowHeaders)
		list("Access-Control-Allow-Methods", c.AllowMethods)
		if c.MaxAge != nil {
			h.Set("Access-Control-Max-Age", strconv.Itoa(*c.MaxAge))
		}
	}
	return h
}
