// Command bench measures perdure from outside: it builds the server and a function, starts the server as a child with a
// fresh data directory, drives it over loopback HTTP as clients do, and prints one line a measurement.
//
//	go run ./bench -w steps -c 1,16,128 -dur 6s -json
//
// Workloads (-w, comma separated, or "all"):
//
//	floor     one loopback request and one synced 200-byte commit, nothing of the engine: what the machine can do
//	steps     a durable function of 10 steps, invoked synchronously
//	machine   a JSONata state machine: Pass, Choice, a task that calls a durable function of one step, Pass; started and
//	          followed to its end
//	sleepers  executions that wait for an hour: memory, disk and CPU for each
//	timers    executions that wake in the same second: how late
//	callback  a durable function waits for a callback, an outsider completes it: time until it has ended
//	replay    1,000 steps, then 10 more invocations that replay them
//	pages     3,000 steps with results of 250 KB, 750 MB in all, and 3 more invocations that read them back page by page:
//	          memory of server and function
//	binary    size of the function's binary; from the start of its process to its first request for work
//	maprun    Distributed Maps over an S3 object of 1,000, 10,000 and 100,000 lines (-lines)
//	large     single executions: 20,000 turns of a loop, a Map over 10,000 items, 1,000 branches, 200 levels, 256 KiB payloads
//	startup   process start until ready, with an empty store and with the sleepers in it; first and second invoke
//
// Load is closed: -c clients each wait for an answer before the next request. Every figure carries its durability setting.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"
)

// config is what the command line chose.
type config struct {
	clients    []int
	duration   time.Duration
	durability string
	sleepers   int
	lines      []int
	json       bool
}

// result is one printed measurement. Zero members are left out.
type result struct {
	Workload    string  `json:"workload"`
	Clients     int     `json:"clients,omitempty"`
	Durability  string  `json:"durability"`
	Seconds     float64 `json:"seconds,omitempty"`
	Ops         int     `json:"ops,omitempty"`
	Failed      int     `json:"failed,omitempty"`
	OpsPerSec   float64 `json:"workflows_per_s,omitempty"`
	StepsPerSec float64 `json:"steps_per_s,omitempty"`
	P50         float64 `json:"p50_ms,omitempty"`
	P95         float64 `json:"p95_ms,omitempty"`
	P99         float64 `json:"p99_ms,omitempty"`
	ServerCPU   float64 `json:"server_cpu_s_per_1000_steps,omitempty"`
	FnCPU       float64 `json:"functions_cpu_s_per_1000_steps,omitempty"`
	RSSMB       float64 `json:"server_rss_mb,omitempty"`
	PeakMB      float64 `json:"server_peak_mb,omitempty"`
	FnPeakMB    float64 `json:"function_peak_mb,omitempty"`
	BytesEach   float64 `json:"bytes_per_sleeper_disk,omitempty"`
	MemEach     float64 `json:"bytes_per_sleeper_memory,omitempty"`
	IdleCPU     float64 `json:"idle_cpu_percent,omitempty"`
	Flushes     float64 `json:"flushes_per_op,omitempty"`
	Commits     float64 `json:"commits_per_op,omitempty"`
	Note        string  `json:"note,omitempty"`
}

var workloads = []struct {
	name string
	run  func(*bench, context.Context) error
}{
	{"floor", (*bench).floor}, {"steps", (*bench).steps}, {"machine", (*bench).machine},
	{"sleepers", (*bench).sleepers}, {"timers", (*bench).timers}, {"callback", (*bench).callback},
	{"replay", (*bench).replay}, {"pages", (*bench).pages}, {"binary", (*bench).function}, {"startup", (*bench).startup}, {"maprun", (*bench).maprun},
	{"large", (*bench).large},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	names := flag.String("w", "all", "workloads, comma separated, or all")
	clients := flag.String("c", "1,16,128", "numbers of clients, comma separated")
	lines := flag.String("lines", "1000,10000,100000", "lines of the objects in maprun, comma separated")
	cfg := config{}
	flag.DurationVar(&cfg.duration, "dur", 6*time.Second, "how long each measurement lasts")
	flag.StringVar(&cfg.durability, "durability", "strict", "strict or relaxed")
	flag.IntVar(&cfg.sleepers, "sleepers", 10_000, "executions in sleepers and timers")
	flag.BoolVar(&cfg.json, "json", false, "one JSON object a line")
	flag.Parse()
	var err error
	if cfg.clients, err = numbers(*clients, 10_000); err != nil {
		return fmt.Errorf("-c %w", err)
	}
	if cfg.lines, err = numbers(*lines, 1_000_000); err != nil {
		return fmt.Errorf("-lines %w", err)
	}
	wanted := strings.Split(*names, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b, err := newBench(ctx, cfg)
	if err != nil {
		return err
	}
	defer b.close()
	ran := false
	for _, w := range workloads {
		if *names != "all" && !slices.Contains(wanted, w.name) {
			continue
		}
		ran = true
		if err := w.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	if !ran {
		return fmt.Errorf("-w %q names no workload; see -h", *names)
	}
	return nil
}

// numbers reads a list such as "1,16,128".
func numbers(text string, most int) ([]int, error) {
	var list []int
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > most {
			return nil, fmt.Errorf("%q: want numbers from 1 to %d, comma separated", text, most)
		}
		list = append(list, n)
	}
	return list, nil
}

// print writes one measurement to standard output.
func (b *bench) print(r result) {
	r.Durability = b.durability
	line, err := json.Marshal(r)
	if err != nil {
		panic(err) // a result is numbers and short texts
	}
	if b.json {
		fmt.Println(string(line))
		return
	}
	text := strings.NewReplacer(`"`, "", "{", "", "}", "", ",", "  ", ":", " ").Replace(string(line))
	fmt.Println(text)
}
