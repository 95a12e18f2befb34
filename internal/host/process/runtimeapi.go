package process

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
)

const apiPrefix = "/2018-06-01/runtime/"

// newRuntimeAPI serves the Lambda Runtime API 2018-06-01 of one instance (spec durable-execution.md section 8.4). Requests
// have no time limit: asking for the next event is a long poll.
func newRuntimeAPI(i *instance) *http.Server {
	return &http.Server{
		Handler:        http.HandlerFunc(i.serve),
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
}

func (i *instance) serve(w http.ResponseWriter, r *http.Request) {
	w.Header()["Date"] = nil
	path, ok := strings.CutPrefix(r.URL.Path, apiPrefix)
	switch {
	case !ok:
	case path == "invocation/next" && r.Method == http.MethodGet:
		i.serveNext(w, r)
		return
	case path == "init/error" && r.Method == http.MethodPost:
		i.serveInitError(w, r)
		return
	case r.Method == http.MethodPost:
		rest, _ := strings.CutPrefix(path, "invocation/")
		if id, ok := strings.CutSuffix(rest, "/response"); ok {
			i.serveResponse(w, r, id)
			return
		}
		if id, ok := strings.CutSuffix(rest, "/error"); ok {
			i.serveError(w, r, id)
			return
		}
	}
	reply(w, http.StatusNotFound, "InvalidPath", "no such operation of the runtime API: "+r.Method+" "+r.URL.Path)
}

// serveNext hands out the next event.
func (i *instance) serveNext(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	busy := i.job != nil
	i.mu.Unlock()
	if busy {
		reply(w, http.StatusForbidden, "InvalidStateTransition", "the current event has not been answered")
		return
	}
	i.isReady()
	var j *job
	for j == nil {
		select {
		case j = <-i.work:
			if !i.take(j) {
				j = nil
			}
		case <-r.Context().Done(): // the runtime, or the whole instance, has gone
			return
		}
	}
	h := w.Header()
	in := j.in
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(in.Payload))}
	h["Lambda-Runtime-Aws-Request-Id"] = []string{in.RequestID}
	h["Lambda-Runtime-Deadline-Ms"] = []string{strconv.FormatInt(j.taken.Add(i.spec.Timeout).UnixMilli(), 10)}
	h["Lambda-Runtime-Invoked-Function-Arn"] = []string{in.InvokedARN}
	for name, v := range map[string]string{
		"Lambda-Runtime-Trace-Id": in.TraceID, "Lambda-Runtime-Aws-Tenant-Id": in.TenantID,
	} {
		if v != "" {
			h[name] = []string{v}
		}
	}
	if in.ClientContext != "" {
		if c, err := base64.StdEncoding.DecodeString(in.ClientContext); err == nil && !strings.ContainsAny(string(c), "\r\n\x00") {
			h["Lambda-Runtime-Client-Context"] = []string{string(c)}
		}
	}
	w.Write(in.Payload)
}

func (i *instance) isReady() {
	i.mu.Lock()
	defer i.mu.Unlock()
	select {
	case <-i.ready:
	default:
		i.initTook = i.h.cfg.Now().Sub(i.started)
		close(i.ready)
	}
}

// current finds the job that a request answers, and answers the request itself if there is none.
func (i *instance) current(w http.ResponseWriter, id string) *job {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.job == nil || i.job.in.RequestID != id {
		reply(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil
	}
	return i.job
}

func (i *instance) serveResponse(w http.ResponseWriter, r *http.Request, id string) {
	j := i.current(w, id)
	if j == nil {
		return
	}
	body, err := readBody(r)
	if errors.Is(err, errTooLarge) {
		i.end(j, tooLarge())
		reply(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", tooLarge().text)
		return
	}
	if err != nil {
		reply(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	// A streamed answer may turn out to be an error, which its trailers then tell.
	if t := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); t != "" {
		e, _ := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		i.end(j, posted(t, e))
	} else {
		i.settle(j, body, nil)
	}
	accepted(w)
}

func (i *instance) serveError(w http.ResponseWriter, r *http.Request, id string) {
	j := i.current(w, id)
	if j == nil {
		return
	}
	body, err := readBody(r)
	switch {
	case errors.Is(err, errTooLarge):
		i.end(j, tooLarge())
		reply(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", tooLarge().text)
	case err != nil:
		reply(w, http.StatusBadRequest, "InvalidRequest", err.Error())
	default:
		i.end(j, posted(r.Header.Get("Lambda-Runtime-Function-Error-Type"), body))
		accepted(w)
	}
}

// serveInitError takes the reason why a runtime cannot go on. The instance is ended once it has been answered: a runtime
// that lives on after it would hold up the invocation that waits.
func (i *instance) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		reply(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	i.mu.Lock()
	select {
	case <-i.ready:
		i.mu.Unlock()
		reply(w, http.StatusForbidden, "InvalidStateTransition", "initialisation has ended")
		return
	default:
	}
	if i.initErr == nil {
		i.initErr = posted(r.Header.Get("Lambda-Runtime-Function-Error-Type"), body)
	}
	i.mu.Unlock()
	accepted(w)
	http.NewResponseController(w).Flush()
	i.h.cfg.AfterFunc(exitGrace, i.kill)
}

var errTooLarge = errors.New("the body is too large")

func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxResponse {
		discard(r)
		return nil, errTooLarge
	}
	if n := r.ContentLength; n >= 0 {
		b := make([]byte, n)
		_, err := io.ReadFull(r.Body, b)
		return b, err
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxResponse+1))
	if len(b) > maxResponse {
		discard(r)
		return nil, errTooLarge
	}
	return b, err
}

// discard reads what is left of an oversized answer, so that the runtime reads the refusal rather than a broken connection.
func discard(r *http.Request) { io.CopyN(io.Discard, r.Body, 10*maxResponse) }

func accepted(w http.ResponseWriter) {
	w.Header()["Content-Type"] = []string{"application/json"}
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, "{\"status\":\"OK\"}\n")
}

func reply(w http.ResponseWriter, status int, typ, text string) {
	w.Header()["Content-Type"] = []string{"application/json"}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"errorType": typ, "errorMessage": text})
}
