package lambda

import (
	"context"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/durop"
)

// historyChunk is how many events are read at once, so that a page of large ones does not load a thousand.
const historyChunk = 64

// historyOperation is GetDurableExecutionHistory (section 6.3). A page ends early rather than grow beyond PageBytes, and
// always has one event. Pages are by event number, so events appended meanwhile move nothing.
func (d *Durable) historyOperation(ctx context.Context, r *api.Request) (*api.Response, error) {
	a, err := executionParam(r)
	if err != nil {
		return nil, err
	}
	data, err := flag(r, "IncludeExecutionData", true)
	if err != nil {
		return nil, err
	}
	reverse, err := flag(r, "ReverseOrder", false)
	if err != nil {
		return nil, err
	}
	items, err := maxItems(r)
	if err != nil {
		return nil, err
	}
	h, err := d.find(ctx, a)
	if err != nil {
		return nil, err
	}
	from := int64(1)
	if reverse {
		from = int64(h.Events)
	}
	if m := r.Query.Get("Marker"); m != "" {
		var order int64
		order, from, err = readMarker(d.eng.Now(), m, "h", a.ID)
		if err != nil || (order == 1) != reverse || from == 0 {
			return nil, errMarker
		}
	}
	page := historyPage{list: []byte{'['}, from: from, items: items, bytes: d.limits.PageBytes, data: data, reverse: reverse}
	for !page.full && page.from >= 1 && page.from <= int64(h.Events) {
		events, err := d.eng.Store().History(ctx, h.ID, uint64(page.from), min(historyChunk, items-page.count), reverse)
		if err != nil {
			return nil, err
		}
		if len(events) == 0 {
			break
		}
		page.add(events)
	}
	var f fields
	f.raw("Events", append(page.list, ']'))
	if page.from >= 1 && page.from <= int64(h.Events) {
		order := int64(0)
		if reverse {
			order = 1
		}
		f.text("NextMarker", encodeMarker(d.eng.Now(), "h", a.ID, order, page.from))
	}
	return &api.Response{Body: f.end()}, nil
}

// historyPage gathers events.
type historyPage struct {
	list    []byte
	from    int64 // number of the next event
	count   int
	items   int
	bytes   int
	data    bool
	reverse bool
	full    bool
}

func (p *historyPage) add(events [][]byte) {
	for _, e := range events {
		if !p.data {
			e = durop.Withhold(e)
		}
		if p.count > 0 {
			if len(p.list)+len(e) > p.bytes {
				p.full = true
				return
			}
			p.list = append(p.list, ',')
		}
		p.list = append(p.list, e...)
		p.count++
		if p.reverse {
			p.from--
		} else {
			p.from++
		}
		if p.count >= p.items {
			p.full = true
			return
		}
	}
}
