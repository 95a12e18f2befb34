// Every operation of the official SDK, one a name, and a plain function for them to invoke.
import { StepSemantics, withDurableExecution } from "@aws/durable-execution-sdk-js";
import {
  LambdaClient,
  SendDurableExecutionCallbackFailureCommand,
  SendDurableExecutionCallbackHeartbeatCommand,
  SendDurableExecutionCallbackSuccessCommand,
} from "@aws-sdk/client-lambda";

const lambda = new LambdaClient({});
const started = { semantics: StepSemantics.AtMostOncePerRetry }; // is recorded as started before it runs
const succeed = (id, result) =>
  lambda.send(new SendDurableExecutionCallbackSuccessCommand({ CallbackId: id, Result: Buffer.from(JSON.stringify(result)) }));

export const double = async (event) => ({ doubled: event.n * 2 });

const operations = {
  async step(context) {
    return await context.step("add", async () => 40 + 2);
  },

  async retry(context) {
    return await context.step(
      "flaky",
      async ({ attempt }) => {
        if (attempt < 3) throw new Error("attempt " + attempt);
        return attempt;
      },
      { retryStrategy: (_, attempt) => ({ shouldRetry: attempt < 5, delay: { seconds: 10 * attempt } }) },
    );
  },

  async failure(context) {
    const fail = async () => {
      throw new TypeError("no such order");
    };
    await context.step("fails", fail, { retryStrategy: () => ({ shouldRetry: false }) });
  },

  async wait(context) {
    await context.wait("ten minutes", { minutes: 10 });
    return "rested";
  },

  async callback(context) {
    const [answer, id] = await context.createCallback("approval", { timeout: { minutes: 5 } });
    await context.step("answer", async () => {
      await lambda.send(new SendDurableExecutionCallbackHeartbeatCommand({ CallbackId: id }));
      await succeed(id, { approved: true });
    }, started);
    return await answer;
  },

  async callbackFailed(context) {
    const [answer, id] = await context.createCallback("approval");
    await context.step("refuse", async () => {
      const error = { ErrorType: "Refused", ErrorMessage: "not today" };
      await lambda.send(new SendDurableExecutionCallbackFailureCommand({ CallbackId: id, Error: error }));
    }, started);
    try {
      return await answer;
    } catch (e) {
      return { caught: e.message };
    }
  },

  async callbackTimesOut(context) {
    const [answer] = await context.createCallback("silence", { timeout: { minutes: 5 } });
    try {
      return await answer;
    } catch (e) {
      return { caught: e.constructor.name };
    }
  },

  async waitForCallback(context) {
    return await context.waitForCallback("webhook", async (id) => void (await succeed(id, "pong")), { timeout: { hours: 1 } });
  },

  async waitForCondition(context) {
    return await context.waitForCondition("job", async (state) => ({ polls: state.polls + 1 }), {
      initialState: { polls: 0 },
      waitStrategy: (state) => (state.polls < 3 ? { shouldContinue: true, delay: { minutes: 1 } } : { shouldContinue: false }),
    });
  },

  async invoke(context) {
    return await context.invoke("call", "double:$LATEST", { n: 21 });
  },

  async child(context) {
    return await context.runInChildContext("order", async (child) => {
      const a = await child.step("reserve", async () => 1);
      await child.wait("pause", { seconds: 5 });
      return a + (await child.step("charge", async () => 2));
    });
  },

  async parallel(context) {
    const branches = ["a", "b", "c"].map((name) => ({ name, func: async (c) => await c.step("in " + name, async () => name.toUpperCase()) }));
    return (await context.parallel("branches", branches)).getResults();
  },

  async map(context) {
    const out = await context.map("items", [1, 2, 3, 4], async (c, n, i) => await c.step("square " + i, async () => n * n), {
      maxConcurrency: 1,
    });
    return { results: out.getResults(), succeeded: out.successCount, failed: out.failureCount };
  },
};

export const handler = withDurableExecution(async (event, context) => await operations[event.operation](context));
