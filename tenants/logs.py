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


def configure(level: str) -> None:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.format_exc_info,
        redact,
        # Last, because its colons would make it suspect.
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_render),
            ],
        )
    )
    # Nobody is told which thread of which process it was, so nobody has to find out.
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
