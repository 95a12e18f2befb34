// The asynchronous half of the pattern on the official SDK, nothing of perdure's own in it.
import { withDurableExecution } from "@aws/durable-execution-sdk-js";
import { SFNClient, SendTaskSuccessCommand } from "@aws-sdk/client-sfn";

const sfn = new SFNClient({});

export const handler = withDurableExecution(async (event, context) => {
  const order = await context.step("create-order", async () => ({ id: "js-" + event.name, name: event.name }));
  await context.wait("wait", { seconds: event.seconds });
  await context.step("send-notification", async () => "sent for " + order.id);
  await context.step("send-task-success", async () => {
    await sfn.send(new SendTaskSuccessCommand({ taskToken: event.TaskToken, output: JSON.stringify(order) }));
    return "answered";
  });
  return order;
});
