"""Runs a Lambda handler for Python: asks the Runtime API for events, one at a time, and answers them."""
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

ROOT = os.environ["LAMBDA_TASK_ROOT"]
JSON_LOG = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
request_id = None


class API:
    """One kept-alive connection to the Runtime API. Nothing can go on without it: errors end the process."""

    def __init__(self):
        self.conn = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

    def call(self, method, where, body=None, headers=None):
        headers = dict(headers or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.conn.request(method, "/2018-06-01/runtime/" + where, body, headers)
        res = self.conn.getresponse()
        return res, res.read()

    def fail(self, where, error):
        kind = "".join(c if "!" <= c <= "~" else "?" for c in error["errorType"])
        self.call("POST", where, encode(error), {"Lambda-Runtime-Function-Error-Type": kind})


def encode(value):
    text = json.dumps(value, ensure_ascii=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # lone surrogates have no UTF-8 form, but a JSON one
        return json.dumps(value).encode("ascii")


def error_object(kind, message, trace=None):
    o = {"errorMessage": message, "errorType": kind}
    if request_id:
        o["requestId"] = request_id
    o["stackTrace"] = trace or []
    return o


class Stop(Exception):
    """Why the function cannot be loaded, or its event or answer not be coded."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.error = error_object(kind, message, trace)


# ---- handler


def load(spec):
    try:
        module, name = spec.rsplit(".", 1)
    except ValueError as e:
        raise Stop("Runtime.MalformedHandlerName", f"Bad handler '{spec}': {e}")
    try:
        m = importlib.import_module(module.replace("/", "."))
    except ImportError as e:
        raise Stop("Runtime.ImportModuleError", f"Unable to import module '{module}': {e}")
    except SyntaxError as e:
        at = [f'  File "{e.filename}" Line {e.lineno}\n    {e.text}']
        raise Stop("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {e}", at)
    found = getattr(m, name, None)
    if found is None:
        raise Stop("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
    return found


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None

    def __init__(self, given):
        given = given or {}
        self.cognito_identity_id = given.get("cognitoIdentityId")
        self.cognito_identity_pool_id = given.get("cognitoIdentityPoolId")


class Client:
    def __init__(self, given):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, given.get(name))


class ClientContext:
    def __init__(self, given):
        self.custom = given.get("custom")
        self.env = given.get("env")
        self.client = Client(given["client"]) if given.get("client") else None


class LambdaContext:
    def __init__(self, headers):
        def parsed(name):
            text = headers.get(name)
            return json.loads(text) if text else None

        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
        self.tenant_id = headers.get("Lambda-Runtime-Aws-Tenant-Id")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.identity = Identity(parsed("Lambda-Runtime-Cognito-Identity"))
        client = parsed("Lambda-Runtime-Client-Context")
        self.client_context = ClientContext(client) if client else None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


# ---- logging


class RequestFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = request_id or ""
        return True


class JSONFormatter(logging.Formatter):
    known = set(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "aws_request_id", "taskName"}

    def format(self, record):
        line = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
            "requestId": request_id,
        }
        if record.exc_info:
            kind, value, tb = record.exc_info
            line["errorType"] = kind.__name__ if kind else None
            line["errorMessage"] = str(value)
            line["stackTrace"] = traceback.format_tb(tb)
        for name, value in vars(record).items():
            if name not in self.known:
                line[name] = value
        return json.dumps({k: v for k, v in line.items() if v is not None}, ensure_ascii=False, default=str)


def set_up_logging():
    out = logging.StreamHandler(sys.stdout)
    out.addFilter(RequestFilter())
    root = logging.getLogger()
    if JSON_LOG:
        out.setFormatter(JSONFormatter())
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO")
        root.setLevel({"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}.get(level, level))
    else:
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        out.setFormatter(formatter)
    root.addHandler(out)


def log_error(error):
    if JSON_LOG:
        line = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "log_level": "ERROR", **error}
        print(json.dumps(line, ensure_ascii=False), flush=True)
        return
    text = f"[ERROR] {error['errorType']}: {error['errorMessage']}"
    if error["stackTrace"]:
        text += "\rTraceback (most recent call last):\r" + "".join(error["stackTrace"]).replace("\n", "\r")
    print(text, flush=True)


# ---- events


def answer(handler, body, headers):
    """The bytes to answer with, or Stop or what the handler raised."""
    try:
        event = json.loads(body)
    except ValueError as e:
        raise Stop("Runtime.UnmarshalError", f"Unable to unmarshal input: {e}")
    result = handler(event, LambdaContext(headers))
    try:
        return encode(result)
    except (TypeError, ValueError) as e:
        raise Stop("Runtime.MarshalError", f"Unable to marshal response: {e}")


def serve(api, handler):
    global request_id
    while True:
        res, body = api.call("GET", "invocation/next")
        request_id = res.headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = res.headers.get("Lambda-Runtime-Trace-Id") or ""
        error = None
        try:
            out = answer(handler, body, res.headers)
        except Stop as e:
            error = e.error
        except Exception as e:
            trace = traceback.format_list(traceback.extract_tb(e.__traceback__)[2:])
            error = error_object(type(e).__name__, str(e), trace)
        if error:
            log_error(error)
        sys.stdout.flush()
        sys.stderr.flush()
        if error:
            api.fail(f"invocation/{request_id}/error", error)
        else:
            api.call("POST", f"invocation/{request_id}/response", out)


def main():
    # The folder of this file is not part of the function; its package is.
    sys.path[0] = ROOT
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    api = API()
    set_up_logging()
    try:
        handler = load(os.environ["_HANDLER"])
    except Stop as e:
        log_error(e.error)
        api.fail("init/error", e.error)
        sys.exit(1)
    except Exception as e:
        error = error_object(type(e).__name__, str(e), traceback.format_tb(e.__traceback__))
        log_error(error)
        api.fail("init/error", error)
        sys.exit(1)
    serve(api, handler)


if __name__ == "__main__":
    main()
