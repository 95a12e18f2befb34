// Package durableotel traces durable functions with OpenTelemetry: a [durable.Plugin] that makes spans of what a durable
// execution does, on one trace over all its invocations.
//
//	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithIDGenerator(durableotel.IDs{}))
//	durable.Start(handle, durable.WithPlugins(durableotel.ExecutionPlugin(durableotel.WithTracerProvider(provider))))
//
// # Spans
//
//	Workflow      the execution, from its start to its end; exported by the invocation that ends it
//	Invocation    one invocation of the function
//	<name>        an operation: step, wait, callback, chained invoke, context; its subtype if it has no name
//	<name> attempt <n>   one run of a step's body, a condition's check or a callback's submitter
//
// There are two views of the same execution. Register one.
//
// [ExecutionPlugin] shows the execution: operations are below Workflow or the operation around them, each exported once,
// when it has ended, however many invocations it took. Operations and attempts link to the Invocation that saw them.
//
// [InvocationPlugin] shows invocations: operations are below the Invocation that saw them, which exports them when it
// ends, so that a long execution is seen while it goes on. An operation that outlives an invocation has one span in each;
// the later ones link to the first. Operations and attempts link to Workflow.
//
// The body of a step runs under its attempt, the body of a child context under its operation, the handler under Workflow
// or Invocation: spans started from the contexts they are given are below those, and loggers say traceId, spanId and
// otelTraceSampled.
//
// # Contract
//
// The ids of Workflow and of operations, and of the trace, are made of the execution's ARN, its start and the operation's
// id, so that every invocation, on any machine, knows them without having been told. Go's tracer providers choose ids by
// themselves, so the provider must have been given [IDs]; with another generator the plugin makes no spans and reports why
// through OpenTelemetry's error handler.
//
// Where the invocation carries an X-Ray trace header (_X_AMZN_TRACE_ID) that is sampled, its trace is used in place of
// one of our own, and Workflow and Invocation are below its parent. A header that is not sampled names a trace nobody
// keeps; it changes nothing. A span that is already active when the handler is called is the parent of Invocation if it
// belongs to that trace, and linked otherwise.
//
// Whether an execution is sampled is asked once per invocation, of the provider, for Workflow; all spans follow. The
// answer has to be the same each time: a sampler of shares has to go by the trace id, as OpenTelemetry's does.
//
// An execution that times out or is stopped has no invocation that ends it: its Workflow is never exported, nor are the
// operations that were under way, in the view of the execution. Where the clock of the service is not that of the
// function, as on a server with time of its own, so are the times of spans that cross invocations.
//
// The package needs only OpenTelemetry's API; programs that do not import it carry nothing of it.
package durableotel
