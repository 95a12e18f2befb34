package durable

// InvokeOption configures Invoke and InvokeAsync.
type InvokeOption interface{ applyInvoke(*invokeConfig) }

type invokeOption func(*invokeConfig)

func (f invokeOption) applyInvoke(c *invokeConfig) { f(c) }

type invokeConfig struct {
	payload, result Serdes
	tenant          string
}

// WithInvokePayloadSerdes sets how the input is encoded.
func WithInvokePayloadSerdes(s Serdes) InvokeOption {
	return invokeOption(func(c *invokeConfig) { c.payload = s })
}

// WithInvokeResultSerdes sets how the result is decoded.
func WithInvokeResultSerdes(s Serdes) InvokeOption {
	return invokeOption(func(c *invokeConfig) { c.result = s })
}

// WithTenantID invokes a function with tenant isolation for one tenant.
func WithTenantID(tenantID string) InvokeOption {
	return invokeOption(func(c *invokeConfig) { c.tenant = tenantID })
}

// Invoke calls another function and waits for its result, without compute meanwhile. A durable function has to be named
// with a version or alias. What does not succeed is an *InvokeError.
func Invoke[O, I any](ctx Context, name, functionID string, input I, opts ...InvokeOption) (O, error) {
	var out O
	o, cfg, err := newInvoke(ctx, name, opts)
	if err == nil {
		err = o.deliver(o.invoke(o.c.branch, functionID, input, cfg, true, &out))
	}
	return valueOf(out, err)
}

// InvokeAsync is Invoke beside other work.
func InvokeAsync[O, I any](ctx Context, name, functionID string, input I, opts ...InvokeOption) *Future[O] {
	o, cfg, err := newInvoke(ctx, name, opts)
	if err != nil {
		return failed[O](err)
	}
	return launch(o, true, func(b *branch, _ uint64, out *O) error { return o.invoke(b, functionID, input, cfg, false, out) })
}

func newInvoke(ctx Context, name string, opts []InvokeOption) (*operation, invokeConfig, error) {
	c, err := own(ctx)
	if err != nil {
		return nil, invokeConfig{}, err
	}
	cfg := invokeConfig{payload: c.serdes, result: c.serdes}
	for _, o := range opts {
		if o != nil {
			o.applyInvoke(&cfg)
		}
	}
	if cfg.payload == nil {
		cfg.payload = c.serdes
	}
	if cfg.result == nil {
		cfg.result = c.serdes
	}
	o, err := c.claim(OperationTypeChainedInvoke, OperationSubTypeChainedInvoke, name)
	return o, cfg, err
}

func (o *operation) invoke(b *branch, function string, input any, cfg invokeConfig, now bool, out any) error {
	if o.stuck {
		return o.unreachable(b)
	}
	ex := o.c.ex
	if !o.recorded {
		payload, err := ex.encode(cfg.payload, o, input)
		if err != nil {
			return err
		}
		u := o.update(OperationActionStart)
		u.Payload = &payload
		u.ChainedInvokeOptions = &ChainedInvokeOptions{FunctionName: &function, TenantId: optional(cfg.tenant)}
		if err := ex.submit(b, now, []OperationUpdate{u}); err != nil {
			return err
		}
	}
	if err := ex.await(b, o.id, nil, ended); err != nil {
		return err
	}
	rec := o.look()
	o.done(rec)
	d := deref(rec.ChainedInvokeDetails)
	if rec.Status == OperationStatusSucceeded {
		return ex.decode(cfg.result, o, deref(d.Result), out)
	}
	f := o.failure(d.Error)
	return &InvokeError{Name: f.Name, ErrorType: f.ErrorType, Message: f.Message, ErrorData: f.ErrorData, StackTrace: f.StackTrace,
		Err: f.Err, FunctionID: function, Status: rec.Status}
}
