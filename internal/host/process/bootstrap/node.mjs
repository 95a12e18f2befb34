// Runs a Lambda handler for Node.js: asks the Runtime API for events, one at a time, and answers them.
import http from "node:http";
import fs from "node:fs";
import path from "node:path";
import util from "node:util";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const root = process.env.LAMBDA_TASK_ROOT;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let requestId; // of the event being handled

// call does one request to the Runtime API. Nothing can go on without it: if it fails, the process ends.
function call(method, where, body, headers = {}) {
  return new Promise((resolve) => {
    const broken = (e) => {
      process.stderr.write(`runtime API: ${e.message}\n`);
      process.exit(1);
    };
    if (body !== undefined) {
      body = Buffer.from(body);
      headers = { "Content-Type": "application/json", "Content-Length": body.length, ...headers };
    }
    const req = http.request({ host, port, method, agent, headers, path: "/2018-06-01/runtime/" + where }, (res) => {
      const chunks = [];
      res.on("data", (c) => chunks.push(c));
      res.on("end", () => resolve({ headers: res.headers, body: Buffer.concat(chunks) }));
      res.on("error", broken);
    });
    req.on("error", broken);
    req.end(body);
  });
}

// ---- console: one event a call, in the function's log format

const levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const asJSON = process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
const least = asJSON ? Math.max(0, levels.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL || "INFO")) : 0;

function plain(e) {
  return { errorType: e?.name ?? typeof e, errorMessage: e?.message ?? String(e), stackTrace: (e?.stack ?? "").split("\n").slice(1) };
}

function logJSON(level, args) {
  const line = { timestamp: new Date().toISOString(), level, requestId };
  if (args.length === 1) {
    line.message = args[0];
    try {
      return JSON.stringify(line, (_, v) => (v instanceof Error ? plain(v) : v));
    } catch {
      // circular or otherwise not JSON: as text
    }
  }
  line.message = util.format(...args);
  const err = args.find((a) => a instanceof Error);
  if (err) Object.assign(line, plain(err));
  return JSON.stringify(line);
}

function log(level, args) {
  if (levels.indexOf(level) < least) return;
  const text = asJSON
    ? logJSON(level, args)
    : `${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...args).replace(/\n/g, "\r")}`;
  process.stdout.write(text + "\n");
}

for (const [name, level] of Object.entries({ log: "INFO", info: "INFO", debug: "DEBUG", trace: "TRACE", warn: "WARN", error: "ERROR" })) {
  console[name] = (...args) => log(level, args);
}

// ---- errors

function errorObject(e) {
  if (util.types.isNativeError(e) || e instanceof Error) {
    return { errorType: e.name, errorMessage: e.message, trace: (e.stack ?? "").split("\n") };
  }
  return { errorType: typeof e, errorMessage: String(e), trace: [] };
}

function typed(name, message, cause) {
  const e = new Error(message);
  e.name = name;
  if (cause?.stack) e.stack = cause.stack;
  return e;
}

// ---- handler

// load finds the function that _HANDLER names: a path, a dot, and the way to the export.
async function load(spec) {
  const base = path.basename(spec);
  const dot = base.indexOf(".");
  if (dot <= 0 || dot === base.length - 1) throw typed("Runtime.MalformedHandlerName", "Bad handler");
  if (spec.includes("..")) throw typed("Runtime.MalformedHandlerName", `'${spec}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  const file = path.resolve(root, path.dirname(spec), base.slice(0, dot));
  let found = await modules(file, spec);
  for (const name of base.slice(dot + 1).split(".")) found = found?.[name];
  if (found === undefined || found === null) throw typed("Runtime.HandlerNotFound", `${spec} is undefined or not exported`);
  if (typeof found !== "function") throw typed("Runtime.HandlerNotFound", `${spec} is not a function`);
  return found;
}

async function modules(file, spec) {
  const is = (f) => fs.existsSync(f) && fs.statSync(f).isFile();
  const full = [file, file + ".js", file + ".mjs", file + ".cjs"].find(is);
  try {
    if (!full) {
      const require = createRequire(path.join(root, "noop.js"));
      return require(require.resolve(file, { paths: [root] })); // a folder with an index, or a package
    }
    if (full.endsWith(".mjs") || (full.endsWith(".js") && isModule(path.dirname(full)))) return await import(pathToFileURL(full).href);
    return createRequire(full)(full);
  } catch (e) {
    if (e instanceof SyntaxError) throw typed("Runtime.UserCodeSyntaxError", `SyntaxError: ${e.message}`, e);
    if (e?.code === "MODULE_NOT_FOUND" || e?.code === "ERR_MODULE_NOT_FOUND") {
      const what = full ? e.message : `Cannot find module '${path.basename(spec).split(".")[0]}'`;
      throw typed("Runtime.ImportModuleError", `Error: ${what}`, e);
    }
    throw e;
  }
}

// isModule tells whether the nearest package.json makes .js files ES modules.
function isModule(dir) {
  for (;;) {
    const file = path.join(dir, "package.json");
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, "utf8")).type === "module";
    if (dir === root || dir === path.dirname(dir)) return false;
    dir = path.dirname(dir);
  }
}

// ---- one event

let answer; // settles the event being handled: answer(error, result)

function makeContext(h) {
  const deadline = Number(h["lambda-runtime-deadline-ms"]);
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: h["lambda-runtime-client-context"] ? JSON.parse(h["lambda-runtime-client-context"]) : undefined,
    identity: h["lambda-runtime-cognito-identity"] ? JSON.parse(h["lambda-runtime-cognito-identity"]) : undefined,
    invokedFunctionArn: h["lambda-runtime-invoked-function-arn"],
    awsRequestId: h["lambda-runtime-aws-request-id"],
    tenantId: h["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  return context;
}

// handle runs the handler and resolves to [error, result] or to [undefined, result].
function handle(handler, event, context) {
  return new Promise((resolve) => {
    let settled = false;
    answer = (e, result) => {
      if (settled) return;
      settled = true;
      process.removeListener("beforeExit", drained);
      resolve([e, result]);
    };
    const drained = () => answer(undefined, null); // nothing left that could answer
    const callback = (e, result) => {
      const done = () => answer(e ?? undefined, result);
      if (e || !context.callbackWaitsForEmptyEventLoop) return done();
      process.removeListener("beforeExit", drained);
      process.once("beforeExit", done);
    };
    context.done = callback;
    context.succeed = (result) => answer(undefined, result);
    context.fail = (e) => answer(e ?? typed("Error", "handled"));
    process.once("beforeExit", drained);
    try {
      const result = handler(event, context, callback);
      if (typeof result?.then === "function") result.then((r) => answer(undefined, r), (e) => answer(e ?? typed("Error", String(e))));
    } catch (e) {
      answer(e ?? typed("Error", String(e)));
    }
  });
}

async function fail(where, e) {
  const o = errorObject(e);
  let body = JSON.stringify(o);
  await call("POST", where, body, { "Lambda-Runtime-Function-Error-Type": o.errorType.replace(/[^\x21-\x7e]/g, "?") });
}

// crash reports what no handler caught and ends the process, as its state can no longer be trusted.
async function crash(e, status) {
  log("ERROR", ["Uncaught Exception", JSON.stringify(errorObject(e))]);
  await fail(requestId ? `invocation/${requestId}/error` : "init/error", e);
  process.exit(status);
}

process.on("uncaughtException", (e) => crash(e, 129));
process.on("unhandledRejection", (reason) => {
  const e = typed("Runtime.UnhandledPromiseRejection", reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason), reason);
  crash(e, 128);
});

async function serve(handler) {
  for (;;) {
    const next = await call("GET", "invocation/next");
    requestId = next.headers["lambda-runtime-aws-request-id"];
    process.env._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] ?? "";
    let e, body;
    try {
      const event = JSON.parse(next.body.toString("utf8"));
      let result;
      [e, result] = await handle(handler, event, makeContext(next.headers));
      if (e === undefined) body = JSON.stringify(result === undefined ? null : result) ?? "null";
    } catch (thrown) {
      e = thrown;
    }
    if (e !== undefined) {
      log("ERROR", ["Invoke Error", JSON.stringify(errorObject(e))]);
      await fail(`invocation/${requestId}/error`, e);
    } else {
      await call("POST", `invocation/${requestId}/response`, body);
    }
  }
}

let handler;
try {
  handler = await load(process.env._HANDLER);
} catch (e) {
  log("ERROR", ["Uncaught Exception", JSON.stringify(errorObject(e))]);
  await fail("init/error", e);
  process.exit(1);
}
await serve(handler);
