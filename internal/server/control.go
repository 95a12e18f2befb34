package server

import (
	"context"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/engine"
)

// clockStatus is what GET /_perdure/time answers.
type clockStatus struct {
	Mode    engine.Mode `json:"mode"`
	Factor  float64     `json:"factor"`
	Now     time.Time   `json:"now"`
	Next    *time.Time  `json:"next,omitempty"` // when the next timer is due
	Running int         `json:"running"`        // turns and effects that hold up skipping
}

// advance is what POST /_perdure/time takes: how far, as Go writes durations ("20m"), or on to the next timer.
type advance struct {
	By   string `json:"by"`
	Next bool   `json:"next"`
}

// info is what GET /_perdure/info answers.
type info struct {
	Version    string       `json:"version"`
	Durability Durability   `json:"durability"`
	Data       string       `json:"data,omitempty"`
	Account    string       `json:"account"`
	Region     string       `json:"region"`
	Started    time.Time    `json:"started"`
	Engine     engine.Stats `json:"engine"`
	Commits    uint64       `json:"commits"`
	Syncs      uint64       `json:"syncs"`
	Bytes      uint64       `json:"bytes"`
}

// control is perdure's own service, behind the same guard and signatures as AWS's.
func (s *Server) control() []api.Operation {
	return []api.Operation{
		{Name: "GetTime", Method: "GET", Path: "/_perdure/time", Handle: api.JSON(s.getTime)},
		{Name: "AdvanceTime", Method: "POST", Path: "/_perdure/time", Handle: api.JSON(s.advanceTime)},
		{Name: "GetInfo", Method: "GET", Path: "/_perdure/info", Handle: api.JSON(s.getInfo)},
	}
}

func (s *Server) getTime(ctx context.Context, _ *api.Request, _ *struct{}) (*clockStatus, error) {
	t, err := s.engine.Time(ctx)
	if err != nil {
		return nil, err
	}
	out := &clockStatus{Mode: t.Mode, Factor: t.Factor, Now: t.Now, Running: t.Running}
	if !t.Next.IsZero() {
		out.Next = &t.Next
	}
	return out, nil
}

func (s *Server) advanceTime(ctx context.Context, r *api.Request, in *advance) (*clockStatus, error) {
	switch {
	case s.clock.Mode() == engine.Real:
		return nil, api.Errorf("InvalidRequestException", "this server runs in real time, which cannot be moved; start it with --time manual, skip or scale=N")
	case in.Next == (in.By != ""):
		return nil, api.Errorf("InvalidRequestException", `say either {"by": "20m"} or {"next": true}`)
	case in.Next:
		if _, err := s.engine.AdvanceToNext(ctx); err != nil {
			return nil, err
		}
	default:
		d, err := time.ParseDuration(in.By)
		if err != nil || d < 0 {
			return nil, api.Errorf("InvalidRequestException", "%q is not a duration such as 90s, 20m or 24h", in.By)
		}
		if err := s.engine.Advance(ctx, d); err != nil {
			return nil, err
		}
	}
	return s.getTime(ctx, r, nil)
}

func (s *Server) getInfo(context.Context, *api.Request, *struct{}) (*info, error) {
	st := s.store.Stats()
	return &info{
		Version: s.version, Durability: s.cfg.Durability, Data: s.cfg.Data, Account: s.cfg.Account, Region: s.cfg.Region,
		Started: s.started, Engine: s.engine.Stats(), Commits: st.Commits, Syncs: st.Syncs, Bytes: st.Bytes,
	}, nil
}
