package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// function starts the function's binary as Lambda does and takes the time until it asks for its first event.
func (b *bench) function(ctx context.Context) error {
	path := filepath.Join(b.dir, "bootstrap")
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	asked := make(chan time.Time, 1)
	srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- time.Now()
		<-r.Context().Done() // no event ever comes
	})}
	go srv.Serve(l) // ends with Close
	defer srv.Close()
	var took []float64
	for range 30 {
		cmd := exec.CommandContext(ctx, path)
		cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+l.Addr().String(), "_HANDLER=bootstrap", "AWS_REGION="+region)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			return err
		}
		select {
		case at := <-asked:
			took = append(took, at.Sub(began).Seconds()*1000)
		case <-time.After(10 * time.Second):
			err = fmt.Errorf("the function asked for nothing in 10 s")
		}
		cmd.Process.Kill()
		cmd.Wait()
		if err != nil {
			return err
		}
	}
	slices.Sort(took)
	b.print(result{Workload: "binary", P50: took[len(took)/2], P95: took[len(took)*95/100],
		Note: fmt.Sprintf("%.1f MB stripped; start to first request, best %.1f ms", float64(info.Size())/1e6, took[0])})
	return nil
}
