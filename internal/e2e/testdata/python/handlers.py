"""Handlers for the Python runtimes that use nothing but the standard library."""
import hashlib
import json
import logging
import os
import urllib.parse
import urllib.request

logger = logging.getLogger("orders")


class OrderError(Exception):
    pass


def plain(event, context):
    """Answers what it was asked for: the context, a text of a size, an error; and logs."""
    logger.warning("asked for %s", event["want"])
    print("printed ü✓😀")
    if event["want"] == "error":
        raise OrderError("no order ü✓😀")
    if event["want"] == "text":
        return {"text": "ü" * event["size"], "got": len(event.get("pad", ""))}
    return {
        "id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "name": context.function_name,
        "version": context.function_version,
        "memory": context.memory_limit_in_mb,
        "group": context.log_group_name,
        "left": 0 < context.get_remaining_time_in_millis() <= 300_000,
        "echo": event.get("echo"),
    }


def request(path, body):
    """One call to the server that runs the function. On the loopback interface it asks for no signature."""
    data = json.dumps(body).encode() if body is not None else None
    req = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(req) as answer:
        return json.loads(answer.read() or "{}")


class Execution:
    """The checkpoint API as an SDK would use it: operations by id, one token at a time."""

    def __init__(self, event):
        self.path = "/2025-12-01/durable-executions/" + urllib.parse.quote(event["DurableExecutionArn"], safe="")
        self.token = event["CheckpointToken"]
        self.operations = {o["Id"]: o for o in event["InitialExecutionState"]["Operations"]}
        self.input = json.loads(event["InitialExecutionState"]["Operations"][0]["ExecutionDetails"]["InputPayload"])

    def checkpoint(self, *updates):
        answer = request(self.path + "/checkpoint", {"CheckpointToken": self.token, "Updates": updates})
        self.token = answer["CheckpointToken"]
        for o in answer["NewExecutionState"]["Operations"]:
            self.operations[o["Id"]] = o

    def operation(self, name, kind, start):
        """The operation of a name, started if it has not been."""
        key = hashlib.sha256(name.encode()).hexdigest()[:32]
        if key not in self.operations:
            self.checkpoint({"Id": key, "Name": name, "Type": kind, "Action": "START", **start})
        return self.operations[key]

    def step(self, name, run):
        o = self.operation(name, "STEP", {})
        if o["Status"] != "SUCCEEDED":
            result = json.dumps(run(), ensure_ascii=False)
            self.checkpoint({"Id": o["Id"], "Name": name, "Type": "STEP", "Action": "SUCCEED", "Payload": result})
        return json.loads(self.operations[o["Id"]]["StepDetails"]["Result"])


def durable(event, context):
    """A step, a wait and a callback whose id it prints; then the answers of the step and the callback."""
    execution = Execution(event)
    order = execution.step("order", lambda: {"id": execution.input["name"] + "-1"})
    wait = execution.operation("rest", "WAIT", {"WaitOptions": {"WaitSeconds": 600}})
    if wait["Status"] != "SUCCEEDED":
        return {"Status": "PENDING"}
    callback = execution.operation("approval", "CALLBACK", {"CallbackOptions": {"TimeoutSeconds": 86_400}})
    if callback["Status"] == "FAILED":
        return {"Status": "FAILED", "Error": callback["CallbackDetails"]["Error"]}
    if callback["Status"] != "SUCCEEDED":
        return {"Status": "PENDING"}
    answer = json.loads(callback["CallbackDetails"]["Result"])
    return {"Status": "SUCCEEDED", "Result": json.dumps({"order": order, "answer": answer}, ensure_ascii=False)}


def held(event, context):
    """Hands its event to whoever holds it and ends the way that one answers."""
    req = urllib.request.Request(os.environ["CONTROL"], json.dumps(event).encode())
    with urllib.request.urlopen(req) as answer:
        return json.loads(answer.read())
