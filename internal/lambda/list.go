package lambda

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"

	"github.com/perdure/perdure/internal/api"
)

// found gives a function that must be there.
func (s *Service) found(ctx context.Context, name ref) (*record, error) {
	f, err := s.cat.find(ctx, name)
	if err == nil && f == nil {
		err = name.notFound()
	}
	return f, err
}

// listed is what an operation that lists a function's parts by name has been asked for.
type listed struct {
	name  ref
	f     *record
	limit int
	after string
}

func (s *Service) list(ctx context.Context, r *api.Request) (*listed, error) {
	name, err := unqualified(r)
	if err != nil {
		return nil, err
	}
	limit, after, err := window(r)
	if err != nil {
		return nil, err
	}
	f, err := s.found(ctx, name)
	return &listed{name, f, limit, after}, err
}

// page gives the names of the next page, without parts that are not wanted, and the marker of the page after it. The function
// itself, whose name is empty, comes first; so that a marker can name it, a place in the list is the name behind a slash.
func page[V any](l *listed, of map[string]V, wanted func(V) bool) (names []string, next string) {
	for _, name := range slices.Sorted(maps.Keys(of)) {
		if "/"+name <= l.after || wanted != nil && !wanted(of[name]) {
			continue
		}
		if len(names) == l.limit {
			return names, marker("/" + names[l.limit-1])
		}
		names = append(names, name)
	}
	return names, ""
}

// window reads MaxItems (at most 50 are answered at a time) and Marker.
func window(r *api.Request) (limit int, after string, err error) {
	limit = 50
	if v := r.Query.Get("MaxItems"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return 0, "", api.Errorf("SerializationException", "STRING_VALUE can not be converted to an Integer")
		}
		var c checks
		c.between(&n, "maxItems", 1, 10_000)
		if err := c.err(); err != nil {
			return 0, "", err
		}
		limit = min(limit, n)
	}
	if m := r.Query.Get("Marker"); m != "" {
		b, err := base64.URLEncoding.DecodeString(m)
		if err != nil || len(b) > 512 {
			return 0, "", invalid("Invalid Marker")
		}
		after = string(b)
	}
	return limit, after, nil
}

func marker(key string) string { return base64.URLEncoding.EncodeToString([]byte(key)) }
