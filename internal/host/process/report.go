package process

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/perdure/perdure/internal/host"
)

// The lines that AWS Lambda adds to a function's log: START, END and REPORT, or their JSON form if the function logs JSON.

// streamName names the log stream of an instance as AWS does.
func (h *Host) streamName(s *host.Spec) string {
	id := []byte(h.cfg.NewID())
	id = bytes.ReplaceAll(id, []byte("-"), nil)
	return h.cfg.LogTime().UTC().Format("2006/01/02/") + "[" + s.Version + "]" + string(id)
}

// platform writes a line in JSON.
func (i *instance) platform(typ string, record any) {
	b, err := json.Marshal(struct {
		Time   string `json:"time"`
		Type   string `json:"type"`
		Record any    `json:"record"`
	}{i.h.cfg.LogTime().UTC().Format("2006-01-02T15:04:05.000Z"), typ, record})
	if err == nil {
		i.out.own(string(b))
	}
}

func (i *instance) json() bool { return i.spec.LogFormat == "JSON" }

func (i *instance) logInitStart() {
	if i.json() {
		i.platform("platform.initStart", map[string]any{
			"initializationType": "on-demand", "phase": "init", "runtimeVersion": i.spec.Runtime,
			"functionName": i.spec.FunctionName, "functionVersion": i.spec.Version, "instanceId": i.stream,
		})
		return
	}
	i.out.own("INIT_START Runtime Version: " + i.spec.Runtime)
}

func (i *instance) logStart(j *job) {
	if i.json() {
		i.platform("platform.start", map[string]any{"requestId": j.in.RequestID, "version": i.spec.Version})
		return
	}
	i.out.own("START RequestId: " + j.in.RequestID + " Version: " + i.spec.Version)
}

func (i *instance) logEnd(j *job, r *host.Result, f *failure) {
	took := millis(r.Ended.Sub(r.Started))
	billed := math.Ceil(took)
	mb := i.peak.megabytes(i.proc.Pid, r.Ended)
	status := "success"
	if f != nil {
		status = f.status
	}
	if i.json() {
		m := map[string]any{"durationMs": took, "billedDurationMs": billed, "memorySizeMB": i.spec.MemoryMB, "maxMemoryUsedMB": mb}
		if r.ColdStart {
			m["initDurationMs"] = millis(i.initTook)
		}
		rec := map[string]any{"requestId": j.in.RequestID, "metrics": m, "status": status}
		if f != nil {
			rec["errorType"] = f.typ
		}
		i.platform("platform.report", rec)
		return
	}
	if f != nil && f.prefix {
		at := i.h.cfg.LogTime().UTC().Format("2006-01-02T15:04:05.000Z")
		if status == "timeout" {
			i.out.own(at + " " + j.in.RequestID + " " + f.text + "\n")
		} else {
			i.out.own("RequestId: " + j.in.RequestID + " Error: " + f.text + "\n" + f.typ)
		}
	}
	id := j.in.RequestID
	line := fmt.Sprintf("END RequestId: %s\nREPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		id, id, took, billed, i.spec.MemoryMB, mb)
	if r.ColdStart {
		line += fmt.Sprintf("Init Duration: %.2f ms\t", millis(i.initTook))
	}
	if status != "success" {
		line += "Status: " + status
		if status == "error" {
			line += "\tError Type: " + f.typ
		}
	}
	i.out.own(line)
}

func (i *instance) logInitFailure(f *failure) {
	took := millis(i.h.cfg.Now().Sub(i.started))
	if i.json() {
		i.platform("platform.initReport", map[string]any{
			"initializationType": "on-demand", "phase": "init", "status": f.status, "errorType": f.typ,
			"metrics": map[string]any{"durationMs": took},
		})
		return
	}
	i.out.own(fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: init\tStatus: %s\tError Type: %s", took, f.status, f.typ))
}

func millis(d time.Duration) float64 { return math.Round(float64(d)/1e4) / 100 }

// peak is the largest resident size of a process, looked up at most once a second.
type peak struct {
	mb   int
	read time.Time
}

func (p *peak) megabytes(pid int, now time.Time) int {
	if p.mb > 0 && now.Sub(p.read) < time.Second {
		return p.mb
	}
	p.read = now
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status") // Linux only; elsewhere the figure stays 0
	if err != nil {
		return p.mb
	}
	if _, rest, ok := bytes.Cut(b, []byte("VmHWM:")); ok {
		if f := bytes.Fields(rest); len(f) > 0 {
			if kb, err := strconv.Atoi(string(f[0])); err == nil {
				p.mb = (kb + 1023) / 1024
			}
		}
	}
	return p.mb
}
