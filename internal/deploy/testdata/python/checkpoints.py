"""What a durable handler needs of the protocol: replay of steps and waits, checkpoints, the answer."""
import json
import os
import urllib.parse
import urllib.request

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


class Suspended(Exception):
    """Nothing can go on until a wait is over."""


def post(service, path, body, headers):
    scope = "20260101/%s/%s/aws4_request" % (os.environ["AWS_REGION"], service)
    headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=host, Signature=0" % (
        os.environ["AWS_ACCESS_KEY_ID"], scope)
    request = urllib.request.Request(ENDPOINT + path, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


class Execution:
    def __init__(self, event):
        self.arn, self.token = event["DurableExecutionArn"], event["CheckpointToken"]
        operations = event["InitialExecutionState"]["Operations"]
        self.known = {o["Id"]: o for o in operations}
        first = next(o for o in operations if o["Type"] == "EXECUTION")
        self.input = json.loads(first["ExecutionDetails"]["InputPayload"])

    def checkpoint(self, *updates):
        path = "/2025-12-01/durable-executions/%s/checkpoint" % urllib.parse.quote(self.arn, safe="")
        body = {"CheckpointToken": self.token, "Updates": list(updates)}
        answer = post("lambda", path, body, {"Content-Type": "application/json"})
        self.token = answer["CheckpointToken"]

    def step(self, name, work):
        before = self.known.get(name)
        if before and before["Status"] == "SUCCEEDED":
            return json.loads(before["StepDetails"]["Result"])
        if not before:
            self.checkpoint({"Id": name, "Name": name, "Type": "STEP", "Action": "START"})
        result = work()
        self.checkpoint({"Id": name, "Name": name, "Type": "STEP", "Action": "SUCCEED", "Payload": json.dumps(result)})
        return result

    def wait(self, name, seconds):
        before = self.known.get(name)
        if before and before["Status"] == "SUCCEEDED":
            return
        if not before:
            self.checkpoint({"Id": name, "Name": name, "Type": "WAIT", "Action": "START",
                             "WaitOptions": {"WaitSeconds": seconds}})
        raise Suspended()

    def succeed_task(self, token, output):
        return post("states", "/", {"taskToken": token, "output": json.dumps(output)}, {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AWSStepFunctions.SendTaskSuccess"})

    def done(self, result):
        return {"Status": "SUCCEEDED", "Result": json.dumps(result)}
