"""The asynchronous half of the pattern, without an SDK: it speaks the checkpoint protocol itself."""
from checkpoints import Execution, Suspended


def lambda_handler(event, context):
    execution = Execution(event)
    try:
        order = execution.step("order", lambda: "order-" + execution.arn[-8:])
        execution.wait("confirmation", int(float(execution.input["minutes_to_wait"]) * 60))
        out = {"order_id": order, "notification": "SENT"}
        execution.step("answer", lambda: execution.succeed_task(execution.input["TaskToken"], out))
    except Suspended:
        return {"Status": "PENDING"}
    return execution.done(out)
