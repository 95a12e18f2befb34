package lambda

import (
	"strings"
)

// scenarios are the programs of the requirements; suites 8 and 9 are written by the sequence itself, see shaped.
var scenarios = func() map[string]scenario {
	m := map[string]scenario{}
	for _, suite := range []map[string]scenario{stepScenarios(), waitScenarios(), childScenarios(), callbackScenarios(), invokeScenarios(), pollScenarios(), submitScenarios()} {
		for ids, s := range suite {
			for id := range strings.FieldsSeq(ids) {
				m[id] = s
			}
		}
	}
	return m
}()

// atMostOnce runs a step whose process dies in the first attempt: the handler finds it started and does not run it again.
func atMostOnce(p *program, delay int) (string, error) {
	o := p.root.ops["1"]
	id := p.next()
	switch {
	case o == nil:
		p.checkpoint(p.update(id, "STEP", "START", map[string]any{"SubType": "Step"}))
		panic(crashed{failed{"Runtime.ExitError", "RequestId: x Error: Runtime exited with error: exit status 1"}})
	case o.Status == "STARTED":
		return p.close(id, "STEP", nil, "", &errorView{"interrupted", "StepInterrupted"}, delay)
	}
	p.count--
	return p.step(never, hello)
}

func stepScenarios() map[string]scenario {
	step := func(p *program) (string, error) { return p.step(never, hello) }
	stepThenWait := just(func(p *program) (string, error) {
		r, err := p.step(never, hello)
		p.wait(2)
		return r, err
	})
	retried := func(fails, attempts int) scenario {
		return scenario{body: func(w *world) func(*program) (string, error) {
			body := w.failing(fails)
			return func(p *program) (string, error) { return p.step(times(attempts), body) }
		}}
	}
	return map[string]scenario{
		"1-1 1-2 1-4 1-5 1-6 1-7": just(step),
		"1-3": just(func(p *program) (string, error) {
			_, _ = step(p)
			return step(p)
		}),
		"1-8 1-9": stepThenWait,
		"1-10": just(func(p *program) (string, error) {
			_, err := p.step(never, boom)
			p.wait(1)
			if err == nil || err.(*errorView).ErrorMessage != "boom" {
				return "", errBoom
			}
			return `"caught"`, nil
		}),
		"1-11 1-15": retried(1, 2),
		"1-12":      retried(9, 4),
		"1-13 1-14": retried(2, 4),
		"1-16 1-19": just(func(p *program) (string, error) { return p.step(never, boom) }),
		"1-17":      just(func(p *program) (string, error) { return atMostOnce(p, 0) }),
		"1-18":      just(func(p *program) (string, error) { return atMostOnce(p, 1) }),
		"1-20": just(func(p *program) (string, error) {
			_, _ = p.step(never, boom)
			return step(p)
		}),
	}
}

func waitScenarios() map[string]scenario {
	waits := func(seconds ...int) scenario {
		return just(func(p *program) (string, error) {
			for _, s := range seconds {
				p.wait(s)
			}
			return "1", nil
		})
	}
	return map[string]scenario{"2-1 2-2": waits(1), "2-3": waits(1, 2), "2-4": waits(60), "2-5": waits(3600)}
}

func childScenarios() map[string]scenario {
	in := func(body func(c *program) (string, error)) scenario {
		return just(func(p *program) (string, error) { return p.child(body) })
	}
	step := func(p *program) (string, error) { return p.step(never, hello) }
	nothing := func(*program) (string, error) { return "null", nil }
	stepWait := func(c *program) (string, error) {
		r, err := step(c)
		c.wait(1)
		return r, err
	}
	after := func(body, then func(p *program) (string, error)) scenario {
		return just(func(p *program) (string, error) {
			_, _ = p.child(body)
			return then(p)
		})
	}
	wait := func(p *program) (string, error) {
		p.wait(1)
		return "1", nil
	}
	retried := func(fails int) scenario {
		return scenario{body: func(w *world) func(*program) (string, error) {
			body := w.failing(fails)
			return func(p *program) (string, error) {
				return p.child(func(c *program) (string, error) { return c.step(times(2), body) })
			}
		}}
	}
	boomStep := func(c *program) (string, error) { return c.step(never, boom) }
	return map[string]scenario{
		"3-1 3-2 3-14": in(step),
		"3-3": in(func(c *program) (string, error) {
			_, _ = step(c)
			return step(c)
		}),
		"3-4": in(boomStep),
		"3-5": after(boomStep, step),
		"3-6": in(func(c *program) (string, error) {
			_, _ = step(c)
			return c.child(step)
		}),
		"3-7":  retried(1),
		"3-8":  retried(2),
		"3-9":  after(step, wait),
		"3-10": in(stepWait),
		"3-11": after(func(c *program) (string, error) {
			_, err := step(c)
			return `"` + strings.Repeat("x", 300_000) + `"`, err
		}, wait),
		"3-12": {body: func(w *world) func(*program) (string, error) {
			crash := true
			return func(p *program) (string, error) {
				return p.child(func(c *program) (string, error) {
					if crash {
						crash = false
						c.checkpoint(c.update(c.next(), "STEP", "START", nil))
						panic(crashed{failed{"Runtime.ExitError", "gone"}})
					}
					return step(c)
				})
			}
		}},
		"3-13": after(wait, step),
		"3-15": in(func(*program) (string, error) { return "", errBoom }),
		"3-16": in(nothing),
		"3-17": after(nothing, wait),
		"3-18": after(stepWait, stepWait),
	}
}

func callbackScenarios() map[string]scenario {
	one := func(timeout, heartbeat int, outside ...func(*world, []string)) scenario {
		s := just(func(p *program) (string, error) {
			_, await := p.callback(timeout, heartbeat)
			return await()
		})
		s.outside = outside
		return s
	}
	withStep := func(timeout int, outside ...func(*world, []string)) scenario {
		s := just(func(p *program) (string, error) {
			_, await := p.callback(timeout, 0)
			_, _ = p.step(never, hello)
			return await()
		})
		s.outside = outside
		return s
	}
	waitFirst := func(timeout int, outside ...func(*world, []string)) scenario {
		s := just(func(p *program) (string, error) {
			_, await := p.callback(timeout, 0)
			p.wait(6)
			return await()
		})
		s.outside = outside
		return s
	}
	waitLater := func(timeout int, outside ...func(*world, []string)) scenario {
		s := just(func(p *program) (string, error) {
			_, await := p.callback(timeout, 0)
			_, _ = await()
			p.wait(2)
			return "1", nil
		})
		s.outside = outside
		return s
	}
	two := func(swap bool) scenario {
		s := just(func(p *program) (string, error) {
			_, a := p.callback(0, 0)
			_, b := p.callback(0, 0)
			if swap {
				a, b = b, a
			}
			if _, err := a(); err != nil {
				return "", err
			}
			return b()
		})
		s.outside = []func(*world, []string){succeed(0), succeed(1)}
		return s
	}
	sequential := just(func(p *program) (string, error) {
		_, a := p.callback(0, 0)
		_, _ = a()
		_, b := p.callback(0, 0)
		return b()
	})
	sequential.outside = []func(*world, []string){succeed(0), succeed(1)}
	beat := func(w *world, ids []string) {
		if err := w.eng.Advance(w.t.Context(), 4e9); err != nil {
			w.t.Fatal(err)
		}
		w.must("SendDurableExecutionCallbackHeartbeat", map[string]string{"CallbackId": ids[0]}, nil, "")
		if err := w.eng.Advance(w.t.Context(), 4e9); err != nil {
			w.t.Fatal(err)
		}
	}
	return map[string]scenario{
		"4-1 4-2 4-15 4-16": one(0, 0, succeed(0)),
		"4-3":               one(3, 0),
		"4-4":               one(60, 3),
		"4-5":               one(60, 5, beat, succeed(0)),
		"4-6":               one(0, 0, fail(0)),
		"4-7":               withStep(0, fail(0)),
		"4-8":               withStep(5),
		"4-9":               waitFirst(0, succeed(0)),
		"4-10":              waitFirst(0, fail(0)),
		"4-11":              waitFirst(3),
		"4-12":              waitLater(0, succeed(0)),
		"4-13":              waitLater(0, fail(0)),
		"4-14":              waitLater(2),
		"4-17":              sequential,
		"4-18":              two(false),
		"4-19":              two(true),
	}
}

func invokeScenarios() map[string]scenario {
	call := func(target, payload, tenant string) scenario {
		return just(func(p *program) (string, error) { return p.invoke(target, payload, tenant) })
	}
	caught := just(func(p *program) (string, error) {
		_, _ = p.invoke("broken:$LATEST", "1", "")
		return "1", nil
	})
	echo := func(p *program) (string, error) { return p.invoke("echo", `{"n":{"deep":[1]}}`, "") }
	step := func(p *program) (string, error) { return p.step(never, hello) }
	both := func(a, b func(*program) (string, error)) scenario {
		return just(func(p *program) (string, error) {
			if _, err := a(p); err != nil {
				return "", err
			}
			return b(p)
		})
	}
	return map[string]scenario{
		"5-1 5-2":       call("child:$LATEST", `"x"`, ""),
		"5-3 5-15 5-16": call("echo", `{"n":{"deep":[1]}}`, ""),
		"5-4":           call("child:live", "null", ""),
		"5-5":           call("thrower:$LATEST", "1", ""),
		"5-6":           caught,
		"5-7":           call("echo", `"`+strings.Repeat("x", 1_000_000)+`"`, ""),
		"5-8":           call("tenant", "1", "tenant-1"),
		"5-9":           both(echo, func(p *program) (string, error) { p.wait(1); return "1", nil }),
		"5-10": just(func(p *program) (string, error) {
			_, err := p.invoke("thrower", "1", "")
			p.wait(1)
			if err == nil || err.(*errorView).ErrorType != "TargetError" {
				return "", errBoom
			}
			return "1", nil
		}),
		"5-11": both(step, echo),
		"5-12": both(echo, step),
		"5-13": just(func(p *program) (string, error) { return p.child(echo) }),
		"5-14": both(echo, func(p *program) (string, error) { return p.invoke("child:$LATEST", "", "") }),
	}
}

// pollScenarios count up in the state; done at the limit, with an error at the trap.
func pollScenarios() map[string]scenario {
	count := func(p *program, limit, trap int) (string, error) {
		return p.poll("", func(state string) (string, bool, error) {
			state += "x"
			if len(state) == trap {
				return "", false, errBoom
			}
			return state, len(state) >= limit, nil
		})
	}
	until := func(limit, trap int) scenario {
		return just(func(p *program) (string, error) { return count(p, limit, trap) })
	}
	return map[string]scenario{
		"6-1 6-4 6-5":  until(3, 0),
		"6-2 6-10":     until(1, 0),
		"6-3 6-9 6-11": until(2, 0),
		"6-6":          until(9, 3),
		"6-7":          until(9, 1),
		"6-8": just(func(p *program) (string, error) {
			_, _ = count(p, 9, 1)
			return "1", nil
		}),
		"6-12": just(func(p *program) (string, error) {
			_, _ = count(p, 2, 0)
			return p.step(never, hello)
		}),
		"6-13": just(func(p *program) (string, error) {
			_, _ = count(p, 2, 0)
			return count(p, 2, 0)
		}),
	}
}

func submitScenarios() map[string]scenario {
	submitted := func(string) error { return nil }
	basic := func(p *program) (string, error) { return p.waitForCallback(0, 0, never, submitted) }
	with := func(s scenario, outside ...func(*world, []string)) scenario {
		s.outside = outside
		return s
	}
	timed := func(timeout, heartbeat int) scenario {
		return just(func(p *program) (string, error) { return p.waitForCallback(timeout, heartbeat, never, submitted) })
	}
	caught := func(timeout int) scenario {
		return just(func(p *program) (string, error) {
			_, _ = p.waitForCallback(timeout, 0, never, submitted)
			return "1", nil
		})
	}
	empty := func(w *world, ids []string) {
		w.must("SendDurableExecutionCallbackSuccess", map[string]string{"CallbackId": ids[0]}, nil, "")
	}
	beat := func(w *world, ids []string) {
		w.must("SendDurableExecutionCallbackHeartbeat", map[string]string{"CallbackId": ids[0]}, nil, "")
	}
	return map[string]scenario{
		"7-1 7-2 7-3 7-11": with(just(basic), succeed(0)),
		"7-4":              with(just(basic), fail(0)),
		"7-5":              timed(3, 0),
		"7-6":              with(caught(0), fail(0)),
		"7-7": just(func(p *program) (string, error) {
			return p.waitForCallback(0, 0, times(2), func(string) error { return errBoom })
		}),
		"7-8": with(just(func(p *program) (string, error) { return p.child(basic) }), succeed(0)),
		"7-9": with(just(func(p *program) (string, error) {
			_, _ = basic(p)
			return basic(p)
		}), succeed(0), succeed(1)),
		"7-10": with(just(func(p *program) (string, error) {
			p.wait(1)
			_, _ = p.step(never, hello)
			return basic(p)
		}), tick, succeed(0)),
		"7-12": timed(60, 3),
		"7-13": with(timed(60, 5), beat, succeed(0)),
		"7-14": caught(3),
		"7-15": with(just(basic), empty),
	}
}

// shaped makes the program whose undisturbed history is the sequence: contexts nest as they are written, steps and waits
// stand where they stand. It serves parallel and map with one branch at a time.
func shaped(sequence, end string) scenario {
	words := strings.Fields(sequence)
	return just(func(p *program) (string, error) {
		rest := words
		runShape(p, &rest)
		if end == "fail" {
			return "", errBoom
		}
		return "1", nil
	})
}

// runShape plays the words up to the end of the context and returns how that ended.
func runShape(p *program, rest *[]string) error {
	for len(*rest) > 0 {
		word := (*rest)[0]
		*rest = (*rest)[1:]
		switch word {
		case "C+":
			return nil
		case "C-":
			return errBoom
		case "C0":
			inner := *rest
			_, _ = p.child(func(c *program) (string, error) { return "1", runShape(c, &inner) })
			*rest = (*rest)[closing(*rest):]
		case "S0":
			_, _ = p.step(never, hello)
			*rest = (*rest)[1:]
		case "W0":
			p.wait(1)
			*rest = (*rest)[2:]
		}
	}
	return nil
}

// closing finds the word after the end of the context that words begins in.
func closing(words []string) int {
	depth := 1
	for i, w := range words {
		switch w {
		case "C0":
			depth++
		case "C+", "C-":
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(words)
}
