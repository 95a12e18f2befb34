package states

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/perdure/perdure/internal/arn"
	"github.com/perdure/perdure/internal/engine"
	"github.com/perdure/perdure/internal/store"
)

// The queue of an activity is an entity of its own: executions put tasks in and take back those that timed out, workers
// take the oldest. Its parts are the tasks: "n" the number of the last one, "t<number>" a task, "k<key>" its number.

// Messages to a queue. The first two come from executions, with queueKey.
const (
	msgOffer = "offer"
	msgDrop  = "drop"
	msgTake  = "take" // Value: the worker's name
)

// queued is a task that no worker has taken.
type queued struct {
	Token string `json:"token"`
	Input string `json:"input"`
	Key   string `json:"key,omitempty"` // queueKey
}

func queueID(a arn.Activity) store.ID {
	return store.ID(key(string(rune(kindQueue)), a.Region, a.Account, a.Name))
}

// queueKey names a task among those of all executions.
func queueKey(execution store.ID, task string) string { return string(execution) + "\x1f" + task }

func queueTurn(tx engine.Tx, m engine.Message) error {
	switch m.Type {
	case msgOffer:
		return offer(tx, m)
	case msgDrop:
		if n := tx.Part("k" + m.Key); n != nil {
			tx.Delete("t" + string(n))
			tx.Delete("k" + m.Key)
			emptied(tx)
		}
		return nil
	case msgTake:
		return take(tx, m.Value.(string))
	}
	return nil
}

func offer(tx engine.Tx, m engine.Message) error {
	var q queued
	if err := decode(m, &q); err != nil {
		return err
	}
	q.Key = m.Key
	data, err := json.Marshal(&q)
	if err != nil {
		return err
	}
	var last uint64
	if n := tx.Part("n"); n != nil {
		if _, err := fmt.Sscan(string(n), &last); err != nil {
			return fmt.Errorf("the queue %s cannot be read: %w", tx.ID(), err)
		}
	}
	number := fmt.Sprintf("%016d", last+1)
	tx.Put("n", []byte(number))
	tx.Put("t"+number, data)
	tx.Put("k"+q.Key, []byte(number))
	tx.Head().Status = "OPEN"
	return nil
}

// take gives the oldest task to a worker and tells its execution.
func take(tx engine.Tx, worker string) error {
	if !tx.Exists() {
		return nil
	}
	var number string
	var data []byte
	tx.Parts(func(k string, v []byte) {
		if number == "" && strings.HasPrefix(k, "t") {
			number, data = k[1:], v
		}
	})
	if number == "" {
		return nil
	}
	var q queued
	if err := json.Unmarshal(data, &q); err != nil {
		return fmt.Errorf("a task of the queue %s cannot be read: %w", tx.ID(), err)
	}
	execution, task, _ := strings.Cut(q.Key, "\x1f")
	tx.Delete("t" + number)
	tx.Delete("k" + q.Key)
	tx.Send(store.ID(execution), msgTaken, task, []byte(worker))
	tx.Reply(&q)
	emptied(tx)
	return nil
}

// emptied removes the queue when it holds nothing.
func emptied(tx engine.Tx) {
	empty := true
	tx.Parts(func(k string, _ []byte) { empty = empty && k == "n" })
	if empty {
		tx.Remove()
	}
}

// pollers counts workers that wait, by activity.
type pollers struct {
	mu    sync.Mutex
	count map[string]int
}

const maxPollers = 1000

func (p *pollers) enter(activity string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == nil {
		p.count = map[string]int{}
	}
	if p.count[activity] >= maxPollers {
		return false
	}
	p.count[activity]++
	return true
}

func (p *pollers) leave(activity string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count[activity]--; p.count[activity] <= 0 {
		delete(p.count, activity)
	}
}
