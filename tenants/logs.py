"""Structured logs on standard error: one JSON object a line, without secrets and without people."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import orjson
import structlog

_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/-]{8,}=*")
_NAMED = re.compile(
    r"(?i)\b((?:access_|refresh_|id_)?token|client_secret|secret|password|code|hmac|state|authorization)"
    r"(['\"]?\s*[=:]\s*['\"]?)[^\s'\"&,;)]{4,}"
)
_URL_PASSWORD = re.compile(r"(\w+://[^\s:/@]+):[^\s@/]+@")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# Without any of these no text has anything of the kind; most have none.
_SUSPECT = re.compile(r"[\s=:@]")
SECRET_KEYS = frozenset(
    {"token", "access_token", "refresh_token", "secret", "client_secret", "password", "authorization"}
)


# What every record has. The rest is what its writer says besides the message.
_COMMON = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})


class Lines(logging.Formatter):
    """structlog's own way from a record to a line asks every caller's frame and copies the record: a third of what a
    request spends between its statements."""

    def format(self, record: logging.LogRecord) -> str:
        event: Any = {name: value for name, value in vars(record).items() if name not in _COMMON}
        event |= {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        for process in _PROCESSORS:
            event = process(None, "", event)
        return str(event)


def configure(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    # A line does not tell where in the code it was written, nor by which thread, so nobody has to find that out.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Its access lines carry query strings, and with them codes and states.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("httpx2", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def redact(logger: Any, name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The last line of defense: what looks like a secret or an address does not get out."""
    return {key: "[redacted]" if key in SECRET_KEYS else _clean(value) for key, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value if _SUSPECT.search(value) is None else _cleaned(value)
    if isinstance(value, Mapping):
        return {key: "[redacted]" if key in SECRET_KEYS else _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return _cleaned(repr(value)) if isinstance(value, Exception) else value


def _cleaned(text: str) -> str:
    text = _BEARER.sub(r"\1[redacted]", text)
    text = _NAMED.sub(r"\1\2[redacted]", text)
    text = _URL_PASSWORD.sub(r"\1:[redacted]@", text)
    return _ADDRESS.sub("[address]", text)


def _render(event: Mapping[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


_PROCESSORS: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.format_exc_info,
    redact,
    # After it, because its colons would make it suspect.
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.JSONRenderer(serializer=_render),
)
