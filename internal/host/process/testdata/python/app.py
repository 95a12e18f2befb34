import logging
import os
import sys

log = logging.getLogger(__name__)


def echo(event, context):
    return {"event": event, "fn": context.function_name}


def ctx(event, c):
    return {
        "left": c.get_remaining_time_in_millis(), "id": c.aws_request_id, "name": c.function_name,
        "arn": c.invoked_function_arn, "memory": c.memory_limit_in_mb, "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "client": c.client_context and c.client_context.custom,
        "cwd": os.path.realpath(os.getcwd()) == os.path.realpath(os.environ["LAMBDA_TASK_ROOT"]),
    }


def throws(event, context):
    raise KeyError("out of it")


def unmarshalable(event, context):
    return {"x": object()}


def logs(event, context):
    print("printed ünïcode")
    log.warning("warned %s", "once", extra={"executionArn": "arn:x"})
    log.info("informed")
    sys.stderr.write("on stderr\n")


def leaves(event, context):
    os._exit(4)
