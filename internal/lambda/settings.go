package lambda

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/perdure/perdure/internal/api"
)

// settings are the members that CreateFunction and UpdateFunctionConfiguration share. Nil means: not given.
type settings struct {
	Role              *string
	Runtime           *string
	Handler           *string
	Description       *string
	Timeout           *int
	MemorySize        *int
	VpcConfig         *VpcConfig
	DeadLetterConfig  *DeadLetterConfig
	Environment       *Environment
	KMSKeyArn         *string
	TracingConfig     *TracingConfig
	EphemeralStorage  *EphemeralStorage
	SnapStart         *SnapStart
	LoggingConfig     *LoggingConfig
	DurableConfig     *durableSettings
	Layers            []string
	FileSystemConfigs []json.RawMessage
	ImageConfig       json.RawMessage
	CapacityProvider  json.RawMessage `json:"CapacityProviderConfig"`
}

type durableSettings struct {
	ExecutionTimeout      *int
	RetentionPeriodInDays *int
	KMSKeyArn             *string
}

var runtimes = []string{
	"nodejs24.x", "nodejs22.x", "nodejs20.x", "nodejs18.x", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10",
	"python3.9", "java25", "java21", "java17", "java11", "java8.al2", "dotnet10", "dotnet9", "dotnet8", "dotnet6", "ruby3.4", "ruby3.3", "ruby3.2",
	"provided.al2023", "provided.al2",
}

const (
	maxEnvironment      = 4096
	maxExecutionTimeout = 31_622_400
)

// shape adds what the API model says of the members.
func (s *settings) shape(c *checks) {
	if s.Role != nil {
		c.like(*s.Role, "role", rolePattern)
	}
	if s.Handler != nil {
		c.longest(*s.Handler, "handler", 128)
		if *s.Handler != "" {
			c.like(*s.Handler, "handler", handlerPattern)
		}
	}
	if s.Description != nil {
		c.longest(*s.Description, "description", 256)
	}
	c.between(s.Timeout, "timeout", 1, 900)
	c.between(s.MemorySize, "memorySize", 128, 10_240)
	if s.EphemeralStorage != nil {
		c.between(&s.EphemeralStorage.Size, "ephemeralStorage.size", 512, 10_240)
	}
	if s.TracingConfig != nil {
		c.oneOf(s.TracingConfig.Mode, "tracingConfig.mode", "Active", "PassThrough")
	}
	if s.SnapStart != nil && s.SnapStart.ApplyOn != "" {
		c.oneOf(s.SnapStart.ApplyOn, "snapStart.applyOn", "PublishedVersions", "None")
	}
	if l := s.LoggingConfig; l != nil {
		if l.LogFormat != "" {
			c.oneOf(l.LogFormat, "loggingConfig.logFormat", "JSON", "Text")
		}
		if l.ApplicationLogLevel != "" {
			c.oneOf(l.ApplicationLogLevel, "loggingConfig.applicationLogLevel", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
		}
		if l.SystemLogLevel != "" {
			c.oneOf(l.SystemLogLevel, "loggingConfig.systemLogLevel", "DEBUG", "INFO", "WARN")
		}
		c.longest(l.LogGroup, "loggingConfig.logGroup", 512)
	}
	if d := s.DurableConfig; d != nil {
		c.between(d.ExecutionTimeout, "durableConfig.executionTimeout", 1, maxExecutionTimeout)
		c.between(d.RetentionPeriodInDays, "durableConfig.retentionPeriodInDays", 1, 90)
	}
}

// refuse names what is not there: accepting it would make a function that is not what was asked for.
func (s *settings) refuse() error {
	switch {
	case len(s.Layers) > 0:
		return invalid("Layers are not supported here: put what they hold into the function's package.")
	case len(s.FileSystemConfigs) > 0:
		return invalid("FileSystemConfigs are not supported here.")
	case given(s.CapacityProvider):
		return invalid("CapacityProviderConfig is not supported here.")
	case given(s.ImageConfig):
		return invalid("ImageConfig is not supported here: functions are zip packages.")
	}
	return nil
}

func given(m json.RawMessage) bool {
	t := strings.TrimSpace(string(m))
	return t != "" && t != "null" && t != "{}"
}

// rules checks what the model cannot say.
func (s *settings) rules() error {
	if s.Runtime != nil && !slices.Contains(runtimes, *s.Runtime) {
		return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s] or be a valid ARN",
			*s.Runtime, strings.Join(runtimes, ", "))
	}
	if s.Environment != nil {
		return checkEnvironment(s.Environment.Variables)
	}
	return nil
}

// reserved are the variables that Lambda sets itself.
var reserved = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

var variablePattern = same(`[a-zA-Z]([a-zA-Z0-9_])+`)

func checkEnvironment(vars map[string]string) error {
	var c checks
	var taken []string
	for _, k := range slices.Sorted(maps.Keys(vars)) {
		if slices.Contains(reserved, k) {
			taken = append(taken, k)
			continue
		}
		if !variablePattern.match(k) {
			c.add("'{"+k+"="+vars[k]+"}'", "environment.variables",
				"Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "+variablePattern.text+"]")
		}
		if strings.ContainsRune(k+vars[k], 0) {
			return invalid("Environment variables must not hold a NUL character: %s", k)
		}
	}
	if taken != nil {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided contains "+
			"reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", strings.Join(taken, ", "))
	}
	if err := c.err(); err != nil {
		return err
	}
	b, err := json.Marshal(vars)
	if err != nil {
		return err
	}
	if len(vars) > 0 && len(b) > maxEnvironment {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided exceeded "+
			"the 4KB limit. String measured: %s", b)
	}
	return nil
}

// apply puts what was given into a configuration.
func (s *settings) apply(c *Configuration) error {
	set(&c.Role, s.Role)
	set(&c.Runtime, s.Runtime)
	set(&c.Handler, s.Handler)
	set(&c.Description, s.Description)
	set(&c.Timeout, s.Timeout)
	set(&c.MemorySize, s.MemorySize)
	set(&c.KMSKeyArn, s.KMSKeyArn)
	if s.VpcConfig != nil {
		c.VpcConfig = s.VpcConfig
		if len(c.VpcConfig.SubnetIds)+len(c.VpcConfig.SecurityGroupIds) == 0 {
			c.VpcConfig = nil
		}
	}
	if s.DeadLetterConfig != nil {
		c.DeadLetterConfig = s.DeadLetterConfig
		if s.DeadLetterConfig.TargetArn == "" {
			c.DeadLetterConfig = nil
		}
	}
	if s.Environment != nil {
		c.Environment = s.Environment
		if len(s.Environment.Variables) == 0 {
			c.Environment = nil
		}
	}
	if s.TracingConfig != nil {
		c.TracingConfig = s.TracingConfig
	}
	if s.EphemeralStorage != nil {
		c.EphemeralStorage = s.EphemeralStorage
	}
	if s.SnapStart != nil && s.SnapStart.ApplyOn != "" {
		c.SnapStart = &SnapStart{ApplyOn: s.SnapStart.ApplyOn, OptimizationStatus: "Off"}
	}
	if s.LoggingConfig != nil {
		c.LoggingConfig = s.LoggingConfig.over(c.LoggingConfig)
	}
	return s.DurableConfig.over(c)
}

func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}

// over merges what was given over what there was.
func (l *LoggingConfig) over(was *LoggingConfig) *LoggingConfig {
	n := *was
	if l.LogFormat != "" {
		n.LogFormat = l.LogFormat
	}
	if l.LogGroup != "" {
		n.LogGroup = l.LogGroup
	}
	if n.LogFormat == "Text" {
		n.ApplicationLogLevel, n.SystemLogLevel = "", ""
		return &n
	}
	n.ApplicationLogLevel = firstOf(l.ApplicationLogLevel, n.ApplicationLogLevel, "INFO")
	n.SystemLogLevel = firstOf(l.SystemLogLevel, n.SystemLogLevel, "INFO")
	return &n
}

func firstOf(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}

// over merges the members one by one (spec durable-execution.md section 1.1).
func (d *durableSettings) over(c *Configuration) error {
	if d == nil {
		return nil
	}
	if c.DurableConfig == nil {
		return api.Errorf("InvalidParameterValueException",
			"You cannot add a durable configuration to a function that was originally created with no durable configuration")
	}
	n := *c.DurableConfig
	set(&n.ExecutionTimeout, d.ExecutionTimeout)
	set(&n.RetentionPeriodInDays, d.RetentionPeriodInDays)
	set(&n.KMSKeyArn, d.KMSKeyArn)
	c.DurableConfig = &n
	return nil
}
