package states

import (
	"encoding/json"
	"strings"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/arn"
)

// loggingConfiguration as CreateStateMachine takes it.
type loggingConfiguration struct {
	Level        *string `json:"level"`
	Include      bool    `json:"includeExecutionData"`
	Destinations []struct {
		Group *struct {
			Arn string `json:"logGroupArn"`
		} `json:"cloudWatchLogsLogGroup"`
	} `json:"destinations"`
}

// checkLogging refuses what AWS refuses of a logging configuration.
func (s *Service) checkLogging(r *api.Request, raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var l loggingConfiguration
	if err := json.Unmarshal(raw, &l); err != nil {
		return api.Serialization(err)
	}
	var c constraints
	c.enum("loggingConfiguration.level", l.Level, "ALL", "ERROR", "FATAL", "OFF")
	if err := c.err(); err != nil {
		return err
	}
	if len(l.Destinations) > 1 || len(l.Destinations) == 0 && l.Level != nil && *l.Level != "OFF" {
		return invalidLogging("Must specify exactly one Log Destination.")
	}
	for _, d := range l.Destinations {
		if d.Group == nil || !s.logGroup(r, d.Group.Arn) {
			return invalidLogging("Log Destination not found.")
		}
	}
	return nil
}

func invalidLogging(why string) error {
	return api.Errorf("InvalidLoggingConfiguration", "Invalid Logging Configuration: %s", why)
}

// logGroup tells whether the log group exists.
func (s *Service) logGroup(r *api.Request, group string) bool {
	a, err := arn.Parse(group)
	name, ok := strings.CutPrefix(a.Resource, "log-group:")
	if err != nil || !ok || a.Service != "logs" {
		return false
	}
	return s.logs == nil || s.logs.LogGroupExists(a.Region, r.Account, strings.TrimSuffix(name, ":*"))
}

// shownLogging is the configuration as DescribeStateMachine answers it, with its defaults.
func shownLogging(raw json.RawMessage) json.RawMessage {
	m := map[string]json.RawMessage{}
	if len(raw) > 0 {
		_ = json.Unmarshal(raw, &m) // checked when it was given
	}
	for member, def := range map[string]string{"level": `"OFF"`, "includeExecutionData": "false"} {
		if _, ok := m[member]; !ok {
			m[member] = json.RawMessage(def)
		}
	}
	out, _ := json.Marshal(m)
	return out
}

// shownOr is a configuration as it was given, or the default.
func shownOr(raw json.RawMessage, def string) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage(def)
	}
	return raw
}

const (
	defaultTracing    = `{"enabled":false}`
	defaultEncryption = `{"type":"AWS_OWNED_KEY"}`
)
