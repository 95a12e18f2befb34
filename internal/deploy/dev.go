package deploy

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/perdure/perdure/internal/api"
	"github.com/perdure/perdure/internal/client"
)

const (
	lookEvery = 200 * time.Millisecond // at the sources
	tailEvery = 5                      // of which every fifth also looks at the logs
	maxNamed  = 3                      // changed files that are named
)

// Dev deploys, and deploys again whenever a file changes that the project is made of, until ctx ends; that is no error.
// Only functions whose sources have changed are built again. Between deployments it reports what the functions log.
//
// A change is an ordinary update of the stack, not a swap behind its back: what was tried is what perdure deploy would
// make, a change of configuration is picked up like one of code, and the next deployment finds the stack as it is. The
// update itself takes a few hundredths of a second, so building decides how long a change takes. Durable executions that
// were started on $LATEST go on with the new code; those of a published version stay on it, as they do on AWS. Dev says how
// many there are of either.
//
// Files are looked at rather than subscribed to: some hundreds of stats five times a second are cheaper than a dependency
// that knows the notifications of every system, and see network folders too.
//
// A project that cannot be deployed at first is an error only if no server answers; anything else is reported, and tried
// again after the next change. deployed may be nil.
func Dev(ctx context.Context, o Options, deployed func(*Result)) error {
	d := &dev{options: o, deployed: deployed, built: &builds{made: map[string]build{}}}
	if _, err := newUploads(ctx, &o); err != nil {
		return ended(ctx, err)
	}
	err := d.run(ctx)
	return ended(ctx, err)
}

// ended makes nothing of errors that come of being asked to end.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// dev is a session of Dev, for one goroutine.
type dev struct {
	options  Options
	deployed func(*Result)
	built    *builds
	made     sources
	seen     sights
	tail     *tail
	lost     bool   // the server did not answer
	trouble  string // what was reported last of what is not known
}

func (d *dev) run(ctx context.Context) error {
	if err := d.deploy(ctx, nil); err != nil {
		return err
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	before := d.seen
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now, err := d.made.look()
		if err != nil {
			return err
		}
		switch changed := now.since(d.seen); {
		case len(now.since(before)) > 0: // still being written
			before = now
		case len(changed) > 0:
			if err := d.deploy(ctx, changed); err != nil {
				return err
			}
			before = d.seen
		case n%tailEvery == 0:
			if err := d.listen(ctx); err != nil {
				return err
			}
		}
	}
}

// deploy deploys what there is now. Failures are reported, not returned.
func (d *dev) deploy(ctx context.Context, changed []string) (err error) {
	d.report(changed)
	d.made = madeOf(ctx, d.options)
	if d.seen, err = d.made.look(); err != nil {
		return err
	}
	o, began := d.options, time.Now()
	d.built.sources, d.built.changed = d.seen.hashes(), nil
	o.built = d.built
	var result *Result
	err = within(ctx, &o, func(p *Project, work string) (err error) {
		result, err = p.deploy(ctx, &o, work)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil
	case unreachable(err):
		d.lose(err)
		return nil
	case err != nil:
		d.options.say("error    %v", err)
		d.options.say("watching for the next change")
		return nil
	}
	state := "updated"
	if !result.Changed {
		state = "up to date"
	}
	d.options.say("%s  %s, after %.1f s", result.StackName, state, time.Since(began).Seconds())
	if d.deployed != nil {
		d.deployed(result)
	}
	return d.follow(ctx, &o, result)
}

// report names the files that a deployment is for.
func (d *dev) report(changed []string) {
	for i, file := range changed {
		if i == maxNamed {
			d.options.say("change   %d more", len(changed)-i)
			return
		}
		d.options.say("change   %s", shortened(d.options.Path, file))
	}
}

// shortened is a file's path from the project on, if it is below it.
func shortened(project, file string) string {
	from, err := filepath.Abs(project)
	to, err2 := filepath.Abs(file)
	if err != nil || err2 != nil {
		return file
	}
	if rel, err := filepath.Rel(from, to); err == nil && rel != "." && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return file
}

// follow listens to the functions of the stack and tells what becomes of their executions.
func (d *dev) follow(ctx context.Context, o *Options, r *Result) error {
	functions, err := functionsOf(ctx, o.Client, r.StackID)
	if err == nil {
		err = d.listenTo(ctx, o.Client, functions)
	}
	for _, id := range d.built.changed {
		if name := functions[id]; name != "" && err == nil {
			err = running(ctx, o, id, name)
		}
	}
	return d.bear(ctx, err)
}

func (d *dev) listenTo(ctx context.Context, c *client.Client, functions map[string]string) (err error) {
	if d.tail == nil {
		d.tail, err = newTail(ctx, c)
	}
	if err == nil {
		err = d.tail.follow(ctx, c, functions)
	}
	return err
}

// listen reports what the functions logged. A server that is back is deployed to.
func (d *dev) listen(ctx context.Context) error {
	if _, err := newUploads(ctx, &d.options); err != nil {
		return d.bear(ctx, err)
	}
	if d.lost {
		d.options.say("the server is back")
		d.lost, d.tail = false, nil
		return d.deploy(ctx, nil)
	}
	if d.tail == nil {
		return nil
	}
	return d.bear(ctx, d.tail.report(ctx, d.options.say))
}

// bear reports an error that only means that something is not known, once.
func (d *dev) bear(ctx context.Context, err error) error {
	switch {
	case err == nil || ctx.Err() != nil:
	case unreachable(err):
		d.lose(err)
	case err.Error() != d.trouble:
		d.trouble = err.Error()
		d.options.say("error    %v", err)
	}
	return nil
}

func (d *dev) lose(err error) {
	if !d.lost {
		d.options.say("error    %v", err)
		d.options.say("waiting for the server")
	}
	d.lost = true
}

// unreachable tells of an error that is not an answer.
func unreachable(err error) bool {
	_, answered := api.As(err)
	return err != nil && !answered && errors.Is(err, client.ErrUnreachable)
}

// functionsOf are the names of a stack's functions by their logical ids.
func functionsOf(ctx context.Context, c *client.Client, stack string) (map[string]string, error) {
	resources, err := resourcesOf(ctx, c, stack)
	if err != nil {
		return nil, fmt.Errorf("the functions of the stack are not known: %w", err)
	}
	names := map[string]string{}
	for _, r := range resources {
		if r.Type == functionType {
			names[r.Logical] = r.Physical
		}
	}
	return names, nil
}
