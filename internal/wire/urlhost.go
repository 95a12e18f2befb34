package wire

import (
	"net/http"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// The URLs of functions are served beside AWS's protocols: they are for everybody, web pages included, so that the guard
// asks less of them, and nothing that comes by a URL's host reaches an operation.

// URLHost reads a Host of the form ID.lambda-url.REGION.HOST, where HOST is one that clients may use: on loopback a
// loopback name or one of Hosts, otherwise any.
func (g *Guard) URLHost(hostport string) (id, region string, ok bool) {
	id, rest, _ := strings.Cut(hostName(hostport), ".lambda-url.")
	region, host, _ := strings.Cut(rest, ".")
	if id == "" || region == "" || host == "" || strings.Contains(id, ".") || !g.Admits(host) {
		return "", "", false
	}
	return id, region, true
}

// Admits tells whether clients may use a host name.
func (g *Guard) Admits(hostport string) bool { return !g.Loopback || g.hostAllowed(hostport) }

// Signer tells who signed a request that is for no operation, and checks it if there are secrets.
func (h *Handler) Signer(req *http.Request, service string, body []byte) (accessKey string, _ *api.Error) {
	cred, err := readCredential(req)
	if err != nil {
		return "", err
	}
	if cred == nil || cred.service != service {
		return "", unsigned()
	}
	if h.cfg.Secrets == nil {
		return cred.accessKey, nil
	}
	token := req.Header.Get("X-Amz-Security-Token")
	if token == "" && cred.presigned {
		token = req.URL.Query().Get("X-Amz-Security-Token")
	}
	secret, _, ok := h.cfg.Secrets(cred.accessKey, token)
	if !ok {
		return "", unknownKey()
	}
	claim := req.Header.Get("X-Amz-Content-Sha256")
	switch {
	case claim == "":
		claim = hashHex(body)
	case claim != unsignedBody && !sameHash(claim, body):
		return "", mismatch()
	}
	return cred.accessKey, h.verify(req, cred, secret, false, claim)
}
