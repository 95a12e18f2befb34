"""The synchronous half of the pattern: it waits ten seconds and gives back what it was called with."""
from checkpoints import Execution, Suspended


def lambda_handler(event, context):
    execution = Execution(event)
    try:
        execution.wait("pause", 10)
    except Suspended:
        return {"Status": "PENDING"}
    return execution.done({"statusCode": 200, "input": execution.input})
