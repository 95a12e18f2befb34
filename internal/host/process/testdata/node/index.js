const fs = require("fs");
const dep = require("dep");
let calls = 0;
exports.echo = async (event, context) => ({ event, calls: ++calls, fn: context.functionName });
exports.callback = (event, context, cb) => {
  context.callbackWaitsForEmptyEventLoop = !event.now;
  setTimeout(() => console.log("late"), 30);
  cb(null, { got: event.n });
};
exports.callbackError = (event, context, cb) => cb(new TypeError("no good"));
exports.never = (event) => {};
exports.context = async (event, c) => ({
  left: c.getRemainingTimeInMillis(), id: c.awsRequestId, name: c.functionName, version: c.functionVersion,
  arn: c.invokedFunctionArn, memory: c.memoryLimitInMB, group: c.logGroupName, trace: process.env._X_AMZN_TRACE_ID,
  dep: dep.name, cwd: fs.realpathSync(process.cwd()) === fs.realpathSync(process.env.LAMBDA_TASK_ROOT),
});
exports.throws = async () => { throw new RangeError("out of it"); };
exports.throwsText = async () => { throw "just text"; };
exports.undefinedResult = async () => undefined;
exports.log = async (e) => { console.log("one %s", "two"); console.error({ a: 1 }); console.debug("quiet"); };
exports.rejects = async () => { Promise.reject(new Error("nobody caught me")); await new Promise((r) => setTimeout(r, 60000)); };
exports.nested = { deep: async () => "deep" };
exports.notFunction = 3;
