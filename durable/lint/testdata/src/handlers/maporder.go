package handlers

import (
	"maps"
	"slices"
	"sort"

	"github.com/perdure/perdure/durable"
)

func charge(ctx durable.Context, who string) error {
	_, err := durable.Step(ctx, who, func(durable.StepContext) (int, error) { return 1, nil })
	return err
}

func inMapOrder(ctx durable.Context, bills map[string]int) (int, error) {
	for who := range bills { // want `durable operations in the order of a map come in another order on replay; range over sorted keys`
		if err := charge(ctx, who); err != nil {
			return 0, err
		}
	}
	for who := range maps.Keys(bills) { // want `durable operations in the order of a map`
		_ = durable.Go(ctx, who, func(c durable.Context) (int, error) { return 1, nil })
	}
	for _, who := range slices.Sorted(maps.Keys(bills)) {
		if err := charge(ctx, who); err != nil {
			return 0, err
		}
	}
	sum := 0
	for _, n := range bills {
		sum += n
	}
	return sum, nil
}

func each(_ durable.Context, who string, _ int) (string, error) { return who, nil }

func collected(ctx durable.Context, bills map[string]int) ([]string, error) {
	var names, ordered []string
	for who := range bills { // want `names is filled in the order of a map and then used by a durable operation; sort it first`
		names = append(names, who)
	}
	for who := range bills {
		ordered = append(ordered, who)
	}
	sort.Strings(ordered)
	if _, err := durable.Map(ctx, "ordered", ordered, each); err != nil {
		return nil, err
	}
	return durable.Map(ctx, "names", names, each)
}
