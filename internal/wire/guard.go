package wire

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// Guard keeps web pages out. Anyone on this machine may call the server, and so may, without it, any page that is open in
// the user's browser: by a cross-site request, or by a name that resolves to 127.0.0.1. A page could then deploy code.
type Guard struct {
	// Loopback: the server listens on loopback only, so the Host must be a loopback name too.
	Loopback bool
	// Hosts are further host names, without port, that clients may use on loopback, such as host.docker.internal.
	Hosts []string
	// Origins are further origins that may call, such as "http://localhost:3000".
	Origins []string
}

// Check returns the reason to refuse a request, or nil.
func (g *Guard) Check(req *http.Request) *api.Error {
	if g.Loopback && !g.hostAllowed(req.Host) {
		return refused("the Host header %q is not a loopback name; use http://127.0.0.1, or allow the name with --allow-host", req.Host)
	}
	if origin := req.Header.Get("Origin"); origin != "" && !g.originAllowed(origin, req.Host) {
		return refused("requests from the web origin %q are not allowed; allow it with --allow-origin", origin)
	}
	if req.Header.Get("Sec-Fetch-Site") == "cross-site" && req.Header.Get("Origin") == "" && !navigation(req) {
		return refused("requests from other web sites are not allowed")
	}
	return nil
}

// Wrap puts the guard before a handler that is not AWS's, answering refusals as JSON.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if e := g.Check(req); e != nil {
			writePlain(w, e)
			return
		}
		next.ServeHTTP(w, req)
	})
}

func refused(format string, args ...any) *api.Error {
	e := api.Errorf("AccessDeniedException", format, args...)
	e.Status = http.StatusForbidden
	return e
}

// navigation is a user following a link to the console: harmless, since it neither changes nor leaks anything.
func navigation(req *http.Request) bool {
	return req.Method == http.MethodGet && req.Header.Get("Sec-Fetch-Mode") == "navigate" &&
		req.Header.Get("Sec-Fetch-Dest") == "document"
}

func (g *Guard) hostAllowed(hostport string) bool {
	host := hostName(hostport)
	if slices.Contains(g.Hosts, host) {
		return true
	}
	// SDKs put "sync-" before the host for two Step Functions calls. No public name can begin so and be a loopback
	// address in digits, and "sync-localhost" is a single label.
	host = strings.TrimPrefix(host, "sync-")
	if isLoopbackName(host) || slices.Contains(g.Hosts, host) {
		return true
	}
	// BUCKET.host: virtual-hosted S3.
	_, parent, _ := strings.Cut(host, ".")
	return parent != "" && slices.Contains(g.Hosts, parent)
}

// isLoopbackName: an address in 127/8 or ::1, localhost, or a name under localhost, which resolvers never ask DNS for.
func isLoopbackName(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if host == "" || host[0] != '1' && host[0] != ':' && host[0] != '0' {
		return false
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

func (g *Guard) originAllowed(origin, host string) bool {
	if slices.Contains(g.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, host)
}

// hostName is the lower-case host of host, host:port, [v6] or [v6]:port.
func hostName(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}
