package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticks is the kernel's USER_HZ, which is 100 on every Linux that Go supports.
const ticks = 100

// usage is what the kernel has accounted to the server and to the function processes it started.
type usage struct {
	server, functions float64 // CPU seconds
	rss               float64 // bytes, server
}

// usage reads /proc; on systems without it all is zero and the figures are left out.
func (s *server) usage() usage {
	var u usage
	pid := strconv.Itoa(s.cmd.Process.Pid)
	u.server, _ = cpu(pid)
	if text, err := os.ReadFile("/proc/" + pid + "/statm"); err == nil {
		if f := strings.Fields(string(text)); len(f) > 1 {
			pages, _ := strconv.ParseFloat(f[1], 64)
			u.rss = pages * float64(os.Getpagesize())
		}
	}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, p := range all {
		id := strings.Split(p, "/")[2]
		if c, parent := cpu(id); parent == pid {
			u.functions += c
		}
	}
	return u
}

// peak is the most bytes of memory that the server has had resident so far; 0 without /proc.
func (s *server) peak() float64 { return highWater(strconv.Itoa(s.cmd.Process.Pid)) }

// functionPeak is the same of the largest of the function processes that are there.
func (s *server) functionPeak() (most float64) {
	pid := strconv.Itoa(s.cmd.Process.Pid)
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, p := range all {
		id := strings.Split(p, "/")[2]
		if _, parent := cpu(id); parent == pid {
			most = max(most, highWater(id))
		}
	}
	return most
}

func highWater(pid string) float64 {
	text, _ := os.ReadFile("/proc/" + pid + "/status")
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	var kib float64
	fmt.Sscan(after, &kib)
	return kib * 1024
}

// cpu is the processor time of a process and its parent's id.
func cpu(pid string) (seconds float64, parent string) {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, ""
	}
	_, rest, ok := strings.Cut(string(text), ") ") // the name before it may hold anything
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0, ""
	}
	user, _ := strconv.ParseFloat(f[11], 64)
	sys, _ := strconv.ParseFloat(f[12], 64)
	return (user + sys) / ticks, f[1]
}

// since adds the difference of two usages to a result, for n thousand steps.
func (r *result) since(before, after usage, steps int) {
	if steps > 0 {
		r.ServerCPU = (after.server - before.server) / float64(steps) * 1000
		r.FnCPU = (after.functions - before.functions) / float64(steps) * 1000
	}
	r.RSSMB = after.rss / (1 << 20)
}

// diskBytes is the size of everything under dir.
func diskBytes(dir string) (float64, error) {
	total := 0.0
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // files come and go under a running store
		}
		if info, err := d.Info(); err == nil {
			total += float64(info.Size())
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("measuring %s: %w", dir, err)
	}
	return total, nil
}
