package lambda

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"github.com/perdure/perdure/internal/arn"
)

// Configuration is a FunctionConfiguration of the API model: what is stored of a version, and what is answered.
type Configuration struct {
	FunctionName               string
	FunctionArn                string `json:",omitempty"`
	Runtime                    string `json:",omitempty"`
	Role                       string
	Handler                    string `json:",omitempty"`
	CodeSize                   int64
	Description                string
	Timeout                    int
	MemorySize                 int
	LastModified               string
	CodeSha256                 string
	Version                    string
	VpcConfig                  *VpcConfig        `json:",omitempty"`
	DeadLetterConfig           *DeadLetterConfig `json:",omitempty"`
	Environment                *Environment      `json:",omitempty"`
	KMSKeyArn                  string            `json:",omitempty"`
	TracingConfig              *TracingConfig    `json:",omitempty"`
	RevisionId                 string            `json:",omitempty"`
	State                      string            `json:",omitempty"`
	StateReason                string            `json:",omitempty"`
	StateReasonCode            string            `json:",omitempty"`
	LastUpdateStatus           string            `json:",omitempty"`
	LastUpdateStatusReason     string            `json:",omitempty"`
	LastUpdateStatusReasonCode string            `json:",omitempty"`
	PackageType                string            `json:",omitempty"`
	Architectures              []string          `json:",omitempty"`
	EphemeralStorage           *EphemeralStorage `json:",omitempty"`
	SnapStart                  *SnapStart        `json:",omitempty"`
	RuntimeVersionConfig       *RuntimeVersion   `json:",omitempty"`
	LoggingConfig              *LoggingConfig    `json:",omitempty"`
	TenancyConfig              *TenancyConfig    `json:",omitempty"`
	DurableConfig              *DurableConfig    `json:",omitempty"`
	ConfigSha256               string            `json:",omitempty"`
}

// Members of a Configuration.
type (
	VpcConfig struct {
		SubnetIds               []string
		SecurityGroupIds        []string
		VpcId                   string
		Ipv6AllowedForDualStack bool
	}
	DeadLetterConfig struct {
		TargetArn string `json:",omitempty"`
	}
	Environment      struct{ Variables map[string]string }
	TracingConfig    struct{ Mode string }
	EphemeralStorage struct{ Size int }
	SnapStart        struct {
		ApplyOn            string
		OptimizationStatus string `json:",omitempty"`
	}
	RuntimeVersion struct{ RuntimeVersionArn string }
	LoggingConfig  struct {
		LogFormat           string `json:",omitempty"`
		ApplicationLogLevel string `json:",omitempty"`
		SystemLogLevel      string `json:",omitempty"`
		LogGroup            string `json:",omitempty"`
	}
	TenancyConfig struct{ TenantIsolationMode string }
)

const (
	reasonCreating = "The function is being created."
	codeCreating   = "Creating"
)

// Here functions are ready as soon as they are stored. AWS answers a change before it has taken effect, and clients wait
// for the state they know; so the answer to a change shows the state of that moment, and every later one the final state.

// pending is a copy as the answer to a creation shows it.
func (c Configuration) pending() Configuration {
	c.State, c.StateReason, c.StateReasonCode = "Pending", reasonCreating, codeCreating
	c.LastUpdateStatus = ""
	return c
}

// updating is a copy as the answer to an update shows it.
func (c Configuration) updating() Configuration {
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "InProgress", reasonCreating, codeCreating
	return c
}

// listed is a copy as lists show it.
func (c Configuration) listed() Configuration {
	c.State, c.StateReason, c.StateReasonCode = "", "", ""
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "", "", ""
	c.RuntimeVersionConfig = nil
	return c
}

// at is a copy with an ARN.
func (c Configuration) at(arn string) Configuration {
	c.FunctionArn = arn
	return c
}

// seal computes what follows from the rest of a configuration.
func (c *Configuration) seal(region string) {
	sum := sha256.Sum256([]byte(c.Runtime))
	if c.Runtime != "" {
		id := arn.ARN{Partition: arn.Partition(region), Service: "lambda", Region: region, Resource: "runtime:" + hex.EncodeToString(sum[:])}
		c.RuntimeVersionConfig = &RuntimeVersion{RuntimeVersionArn: id.String()}
	}
	what := *c
	what.Version, what.Description, what.RevisionId, what.LastModified, what.ConfigSha256 = "", "", "", "", ""
	what.State, what.StateReason, what.StateReasonCode, what.LastUpdateStatus = "", "", "", ""
	b, _ := json.Marshal(&what) // strings and numbers cannot fail to encode
	sum = sha256.Sum256(b)
	c.ConfigSha256 = base64.StdEncoding.EncodeToString(sum[:])
}
