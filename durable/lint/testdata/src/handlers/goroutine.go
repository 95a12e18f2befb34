package handlers

import (
	"sync"

	"github.com/perdure/perdure/durable"
)

func spawns(ctx durable.Context, _ int) (int, error) {
	done, other := make(chan int), make(chan int)
	go func() { done <- 1 }() // want `a goroutine in a durable handler runs in another order on replay`
	var wg sync.WaitGroup
	wg.Go(func() { other <- 1 }) // want `a goroutine in a durable handler`
	select {                     // want `select takes another case on replay; use Select, Any or Race`
	case <-done:
	case <-other:
	}
	return durable.Step(ctx, "inside", func(durable.StepContext) (int, error) {
		go func() { done <- 2 }()
		select {
		case v := <-done:
			return v, nil
		case v := <-other:
			return v, nil
		}
	})
}

type handler struct{ prices map[string]int }

func (h *handler) method(ctx durable.Context, _ int) (int, error) {
	go h.warm() // want `a goroutine in a durable handler`
	return 0, nil
}

func (h *handler) warm() {}
