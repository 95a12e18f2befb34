package durabletest

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// events reads history events as the API writes them into the AWS SDK's type.
func events(raw []json.RawMessage) []types.Event {
	out := make([]types.Event, 0, len(raw))
	for _, r := range raw {
		var tree map[string]any
		if json.Unmarshal(r, &tree) != nil {
			continue
		}
		dateTimes(tree)
		data, err := json.Marshal(tree)
		if err != nil {
			continue
		}
		var e types.Event
		if json.Unmarshal(data, &e) == nil {
			out = append(out, e)
		}
	}
	return out
}

// dateTimes turns the API's seconds into what encoding/json reads as a time.
func dateTimes(tree map[string]any) {
	for key, v := range tree {
		switch v := v.(type) {
		case map[string]any:
			dateTimes(v)
		case float64:
			if strings.HasSuffix(key, "Timestamp") {
				tree[key] = time.UnixMilli(int64(math.Round(v * 1000))).UTC().Format(time.RFC3339Nano)
			}
		}
	}
}
