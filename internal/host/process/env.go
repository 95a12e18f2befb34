package process

import (
	"os"
	"runtime"
	"slices"
	"strconv"

	"github.com/perdure/perdure/internal/host"
)

// environment is what a child sees: what AWS Lambda sets (spec durable-execution.md section 8.4), the way back to this server,
// and last the function's own variables, which may replace any of it. Nothing of the server's own environment is passed on
// but PATH, and what the loader needs.
func (h *Host) environment(s *host.Spec, c *command, api, stream string) []string {
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + api,
		"_HANDLER=" + s.Handler,
		"LAMBDA_TASK_ROOT=" + c.dir,
		"LAMBDA_RUNTIME_DIR=" + c.lib,
		"AWS_REGION=" + s.Region,
		"AWS_DEFAULT_REGION=" + s.Region,
		"AWS_EXECUTION_ENV=AWS_Lambda_" + s.Runtime,
		"AWS_LAMBDA_FUNCTION_NAME=" + s.FunctionName,
		"AWS_LAMBDA_FUNCTION_VERSION=" + s.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(s.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=" + s.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + stream,
		"AWS_XRAY_CONTEXT_MISSING=LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS=169.254.79.129:2000",
		"TZ=:UTC",
		"LANG=en_US.UTF-8",
		"PATH=" + os.Getenv("PATH"),
		"LD_LIBRARY_PATH=" + c.dir + ":" + c.dir + "/lib",
	}
	if v := os.Getenv("LD_LIBRARY_PATH"); v != "" {
		env[len(env)-1] += ":" + v
	}
	if n := processors(s.MemoryMB); n < runtime.NumCPU() {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(n))
	}
	if h.cfg.Endpoint != nil {
		env = append(env, "AWS_ENDPOINT_URL="+h.cfg.Endpoint())
	}
	if h.cfg.Credentials != nil {
		cr := h.cfg.Credentials(s)
		env = append(env, "AWS_ACCESS_KEY_ID="+cr.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+cr.SecretAccessKey)
		if cr.SessionToken != "" {
			env = append(env, "AWS_SESSION_TOKEN="+cr.SessionToken)
		}
	}
	if s.LogFormat == "JSON" {
		env = append(env, "AWS_LAMBDA_LOG_FORMAT=JSON", "AWS_LAMBDA_LOG_LEVEL="+orElse(s.LogLevel, "INFO"))
	}
	env = append(env, c.env...)
	own := make([]string, 0, len(s.Environment))
	for k, v := range s.Environment {
		own = append(own, k+"="+v)
	}
	slices.Sort(own)
	return dedupe(append(env, own...))
}

// megabytesPerProcessor is the memory with which a function on AWS Lambda has one processor; it has its share of both.
const megabytesPerProcessor = 1769

// processors is how many a function may use at once, rounded up. Nothing enforces it; Go programs are told, because many
// small instances that each spread over all processors spend a third of their time on waking each other's threads.
func processors(memoryMB int) int {
	return max(1, (memoryMB+megabytesPerProcessor-1)/megabytesPerProcessor)
}

// dedupe keeps the last of each name: what programs make of a name that is there twice differs.
func dedupe(env []string) []string {
	seen := map[string]bool{}
	out := make([]string, 0, len(env))
	for _, e := range slices.Backward(env) {
		name := e
		for n := range e {
			if e[n] == '=' {
				name = e[:n]
				break
			}
		}
		if !seen[name] {
			seen[name] = true
			out = append(out, e)
		}
	}
	slices.Reverse(out)
	return out
}
