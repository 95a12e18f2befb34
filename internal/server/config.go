package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/perdure/perdure/asl"
	"github.com/perdure/perdure/internal/lambda"
)

// Defaults of a Config's members.
const (
	DefaultListen  = "127.0.0.1:4566"
	DefaultAccount = "000000000000"
	DefaultRegion  = "us-east-1"
)

// Durability is what an acknowledged request survives.
type Durability string

// Strict survives power loss: a sync for each commit, shared by those that wait. Relaxed survives the end of the process.
const (
	Strict  Durability = "strict"
	Relaxed Durability = "relaxed"
)

// Credential is a key that clients sign with.
type Credential struct{ AccessKey, Secret string }

// Config says what to serve. The zero value serves on DefaultListen from memory.
type Config struct {
	Listen     string     // host:port; port 0 picks one. Empty: DefaultListen
	Data       string     // directory; empty: everything is in memory and gone at the end
	Time       string     // real, skip, scale=N or manual; empty: real
	Durability Durability // empty: Strict
	Account    string     // 12 digits; empty: DefaultAccount
	Region     string     // of requests that name none; empty: DefaultRegion
	// Credentials, if there are any, must have signed every request. Without them anybody who reaches the port may call.
	Credentials []Credential
	TLSCert     string // files; both or neither
	TLSKey      string
	// Insecure allows listening beyond loopback without credentials or TLS.
	Insecure     bool
	AllowHosts   []string // further host names that clients may use on loopback
	AllowOrigins []string // web origins that may call
	MaxInstances int      // function processes at once; 0: the host's default
	// MockConfig is the file of a mock configuration: an execution started with the ARN of a state machine followed by
	// "#" and the name of a test case takes the answers of its tasks from there. Empty: none.
	MockConfig string
	// LiftQuotas lets state machines have payloads above 256 KiB between states and histories above 25,000 events, and
	// durable executions more than 3,000 operations and 100 MB of data.
	LiftQuotas bool
	// InertTypes has stacks keep resources of types that are not served as records without effect, rather than be refused.
	InertTypes bool
	Log        *slog.Logger
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		member *string
		value  string
	}{{&c.Listen, DefaultListen}, {&c.Account, DefaultAccount}, {&c.Region, DefaultRegion}, {&c.Time, "real"}} {
		if *d.member == "" {
			*d.member = d.value
		}
	}
	if c.Durability == "" {
		c.Durability = Strict
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

var (
	accountID  = regexp.MustCompile(`^[0-9]{12}$`)
	regionName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
)

// check refuses what could not work or would not be safe.
func (c *Config) check() error {
	if !accountID.MatchString(c.Account) {
		return fmt.Errorf("account %q is not 12 digits", c.Account)
	}
	if !regionName.MatchString(c.Region) {
		return fmt.Errorf("region %q is not a region's name, such as us-east-1", c.Region)
	}
	if c.Durability != Strict && c.Durability != Relaxed {
		return fmt.Errorf("durability %q is neither strict nor relaxed", c.Durability)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("TLS needs both a certificate and a key: give --tls-cert and --tls-key")
	}
	for _, k := range c.Credentials {
		if k.AccessKey == "" || k.Secret == "" || strings.ContainsAny(k.AccessKey, "/ ,") {
			return errors.New("a credential is not of the form KEY:SECRET")
		}
	}
	loopback, err := isLoopback(c.Listen)
	if err != nil {
		return err
	}
	if loopback || c.Insecure {
		return nil
	}
	if len(c.Credentials) == 0 {
		return fmt.Errorf("%s can be reached from other machines, and without credentials anybody there could run code here: "+
			"set --credentials KEY:SECRET, listen on 127.0.0.1, or say --insecure", c.Listen)
	}
	if c.TLSCert == "" {
		return fmt.Errorf("%s can be reached from other machines, and without TLS what is said there can be read on the way: "+
			"set --tls-cert and --tls-key, listen on 127.0.0.1, or say --insecure", c.Listen)
	}
	return nil
}

// limits are those of state machines.
func (c *Config) limits() asl.Limits {
	if c.LiftQuotas {
		return asl.Limits{Payload: -1, Events: -1}
	}
	return asl.Limits{}
}

// durableLimits are those of durable executions.
func (c *Config) durableLimits() lambda.DurableLimits {
	if c.LiftQuotas {
		return lambda.LiftedLimits
	}
	return lambda.DurableLimits{}
}

// isLoopback tells whether only this machine can reach an address.
func isLoopback(listen string) (bool, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false, fmt.Errorf("listen address %q is not host:port, such as %s", listen, DefaultListen)
	}
	if host == "localhost" {
		return true, nil
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback(), nil
}

// Limits in time.
const (
	headerTimeout = 10 * time.Second // for a client to send its request's head
	idleTimeout   = 2 * time.Minute  // of a kept-alive connection
	closeGrace    = time.Second      // for requests under way at Close
)
