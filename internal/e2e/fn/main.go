// Command fn is the function under test: the pattern's shape, with a stop at every point where a crash is interesting.
//
// At each point it tells the test's control server (environment CONTROL) where it is and goes on when it is answered; what
// the control server answers to "order" is the order's id.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/perdure/perdure/durable"
	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/client"
)

type event struct {
	TaskToken string `json:"TaskToken"`
	Seconds   int    `json:"seconds"`
	Name      string `json:"name"`
}

type order struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func handle(ctx durable.Context, e event) (order, error) {
	o, err := durable.Step(ctx, "create order", func(ctx durable.StepContext) (order, error) {
		id, err := point(ctx, "order", e.Name)
		return order{id, e.Name}, err
	})
	if err != nil {
		return o, err
	}
	if err := durable.Wait(ctx, "wait", time.Duration(e.Seconds)*time.Second); err != nil {
		return o, err
	}
	_, err = durable.Step(ctx, "notify", func(ctx durable.StepContext) (string, error) { return point(ctx, "notify", e.Name) })
	if err != nil || e.TaskToken == "" {
		return o, err
	}
	_, err = durable.Step(ctx, "answer", func(ctx durable.StepContext) (string, error) {
		if err := answer(ctx, e.TaskToken, o); err != nil {
			return "", err
		}
		return point(ctx, "answered", e.Name)
	})
	return o, err
}

// answer gives the task token back. A token that is gone was answered by an earlier run of this step, whose checkpoint a
// crash has swallowed.
func answer(ctx context.Context, token string, o order) error {
	c, err := client.New("")
	if err != nil {
		return err
	}
	output := fmt.Sprintf(`{"id":%q,"name":%q}`, o.ID, o.Name)
	err = c.States(ctx, "SendTaskSuccess", map[string]string{"taskToken": token, "output": output}, nil)
	var e *api.Error
	if errors.As(err, &e) && (e.Code == "TaskTimedOut" || e.Code == "TaskDoesNotExist") {
		return nil
	}
	return err
}

func point(ctx context.Context, name, execution string) (string, error) {
	target := os.Getenv("CONTROL") + "/?point=" + url.QueryEscape(name) + "&name=" + url.QueryEscape(execution)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func main() {
	if argv := strings.Fields(os.Getenv("CHILD")); len(argv) > 0 { // a process of its own, which it leaves alone
		if err := exec.Command(argv[0], argv[1:]...).Start(); err != nil {
			panic(err)
		}
	}
	durable.Start(handle)
}
