"""Runs the sandbox on a socket and tells whoever started it where."""

import argparse
import ipaddress
import json
import logging
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import uvicorn

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.shopify.context import App
from sandbox.shopify.settings import DeliverySettings, Lifetimes, Limits, ShopifySettings
from sandbox.shopify.store import ShopSettings


class NotLoopbackError(Exception):
    """Anyone who reaches a practice provider can install apps and read its people, invented as they are."""


@dataclass(frozen=True, slots=True)
class Listen:
    host: str = "127.0.0.1"
    port: int = 0
    public: bool = False
    ready_file: Path | None = None
    announce_fd: int | None = None


def bind(listen: Listen) -> socket.socket:
    if not listen.public and not is_loopback(listen.host):
        raise NotLoopbackError(f"{listen.host} is not a loopback address; say --public if you mean it")
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # TCP is named, because only then does a plain event loop send small answers at once.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((listen.host, listen.port))
    return listener


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class AnnouncingServer(uvicorn.Server):
    """Speaks up only once it really listens."""

    def __init__(self, config: uvicorn.Config, listen: Listen, news: dict[str, Any]) -> None:
        super().__init__(config)
        self._listen = listen
        self._news = news

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            announce(self._listen, self._news)


def announce(listen: Listen, news: dict[str, Any]) -> None:
    line = json.dumps(news)
    if listen.ready_file is not None:
        # The control token is inside, and a reader must never see half a file.
        draft = listen.ready_file.with_name(f"{listen.ready_file.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(line)
        draft.replace(listen.ready_file)
    if listen.announce_fd is not None:
        with os.fdopen(listen.announce_fd, "w") as channel:
            channel.write(line + "\n")
    if listen.ready_file is None and listen.announce_fd is None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def run(config: SandboxConfig, listen: Listen | None = None) -> None:
    """Serves until it is told to stop."""
    listen = listen or Listen()
    with bind(listen) as listener:
        host, port = listener.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        shops = [shop.domain for shop in config.shopify.shops]
        news = {"url": url, "control_token": config.control_token, "shops": shops}
        settings = uvicorn.Config(create_app(config), log_level="warning", access_log=False, server_header=False)
        # Answers that break off are ordered here; uvicorn would report each as a fault of ours.
        logging.getLogger("uvicorn.error").addFilter(lambda record: "without completing" not in record.getMessage())
        with suppress(KeyboardInterrupt):
            AnnouncingServer(settings, listen, news).run(sockets=[listener])


def read_apps(path: Path | None) -> tuple[App, ...]:
    """A JSON list of {client_id, client_secret, redirect_uris, ...}, from a file or from SANDBOX_APPS."""
    text = path.read_text() if path is not None else os.environ.get("SANDBOX_APPS", "[]")
    return tuple(App(**dict(item, redirect_uris=tuple(item["redirect_uris"]))) for item in json.loads(text))


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("python -m sandbox", description="Practice providers on loopback.")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    options.add_argument("--public", action="store_true", help="allow an address other than loopback")
    options.add_argument("--ready-file", type=Path, help="written with the address once it listens")
    options.add_argument("--announce-fd", type=int, help="file descriptor that gets the same line")
    options.add_argument("--control-token", default=os.environ.get("SANDBOX_CONTROL_TOKEN"))
    options.add_argument("--apps", type=Path, help="JSON file with the apps to register (or SANDBOX_APPS)")
    options.add_argument("--shop", action="append", help="domain of a shop (default first-light.myshopify.com)")
    options.add_argument("--time-zone", default="America/New_York")
    options.add_argument("--last-day", type=date.fromisoformat, help="day of the last purchase (default yesterday)")
    options.add_argument("--seed-customers", type=int, help="serve only the first N customers")
    options.add_argument("--access-token-seconds", type=float, default=Lifetimes().access)
    options.add_argument("--refresh-token-seconds", type=float, default=Lifetimes().refresh)
    options.add_argument("--bucket", type=int, default=Limits().bucket)
    options.add_argument("--restore-rate", type=int, default=Limits().restore_rate)
    options.add_argument("--retry-seconds", type=float, nargs="*", help="waits before each webhook retry")
    return options


def configuration(arguments: argparse.Namespace) -> SandboxConfig:
    domains = arguments.shop or ["first-light.myshopify.com"]
    deliveries = DeliverySettings()
    if arguments.retry_seconds is not None:
        deliveries = replace(deliveries, retry_schedule=tuple(arguments.retry_seconds))
    shopify = ShopifySettings(
        shops=tuple(ShopSettings(domain.lower(), time_zone=arguments.time_zone) for domain in domains),
        apps=read_apps(arguments.apps),
        last_day=arguments.last_day,
        last_customer=arguments.seed_customers,
        lifetimes=Lifetimes(access=arguments.access_token_seconds, refresh=arguments.refresh_token_seconds),
        limits=Limits(bucket=arguments.bucket, restore_rate=arguments.restore_rate),
        deliveries=deliveries,
    )
    if arguments.control_token:
        return SandboxConfig(control_token=arguments.control_token, shopify=shopify)
    return SandboxConfig(shopify=shopify)


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    listen = Listen(arguments.host, arguments.port, arguments.public, arguments.ready_file, arguments.announce_fd)
    try:
        run(configuration(arguments), listen)
    except NotLoopbackError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0
