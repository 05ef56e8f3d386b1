"""The `azimuth` command. Exit codes: 0 done, 1 failed, 2 wrongly called or wrongly configured."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from tenants import logs
from tenants.clock import wall_now
from tenants.settings import ConfigurationError, Settings, settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(stderr=True)

doctor = typer.Typer()
app.add_typer(doctor, name="doctor")

Host = Annotated[str | None, typer.Option(help="Address to listen on. By default AZIMUTH_HOST.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on. By default AZIMUTH_PORT.")]
Processes = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=64,
        help="How many processes share the port: one for each core that shall work. By default AZIMUTH_PROCESSES.",
    ),
]


@app.command()
def serve(host: Host = None, port: Port = None, processes: Processes = None) -> None:
    """Serve the API."""
    from api.serve import serve as run

    chosen = {"host": host or None, "port": port, "processes": processes}
    configured = _settings().model_copy(update={name: each for name, each in chosen.items() if each is not None})
    logs.configure(configured.log_level)
    _guarded(lambda: run(configured))


@app.command()
def worker() -> None:
    """Work off jobs: syncs, webhooks, recomputes."""
    from api.worker import run_worker

    configured = _settings()
    logs.configure(configured.log_level)
    _run(run_worker(configured))


@app.command()
def migrate(
    print_roles: Annotated[bool, typer.Option(help="Print the SQL that an administrator runs once, and stop.")] = False,
    check: Annotated[bool, typer.Option(help="Change nothing; fail when models and schema differ.")] = False,
) -> None:
    """Bring the database schema to this program's version."""
    from api import migrate as action

    configured = _settings()
    if print_roles:
        print(action.roles(configured), end="")  # noqa: T201
    elif check:
        _guarded(lambda: action.check(configured))
    else:
        _guarded(lambda: action.upgrade(configured))
        console.print("The schema is up to date.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def sandbox(context: typer.Context) -> None:
    """Start the practice providers. See `azimuth sandbox --help` for its options."""
    from sandbox.server import main as run

    raise typer.Exit(run(context.args))


@app.command()
def demo(
    once: Annotated[bool, typer.Option(help="Stop when the dashboard has been shown.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write what was made, asked and answered to this file.")] = None,
) -> None:
    """Show the product at work on a practice shop, from nothing."""
    from api.demo.run import run_demo

    raise typer.Exit(_run(run_demo(once=once, json_file=json)))


@doctor.callback(invoke_without_command=True)
def examine(context: typer.Context) -> None:
    """Examine configuration, database, roles, policies, keys and queue."""
    from api.doctor import examine as action

    if context.invoked_subcommand is None:
        raise typer.Exit(_run(action(_settings(), console)))


@doctor.command()
def explain(
    tenant: Annotated[str, typer.Option(help="For which tenant: ten_…")],
    operation: Annotated[
        Path | None, typer.Option(help="A file with one query. By default the demonstration's dashboard.", exists=True)
    ] = None,
    variables: Annotated[str, typer.Option(help="Its variables as JSON; `tenant` is there already.")] = "{}",
    analyze: Annotated[bool, typer.Option(help="Carry each statement out twice, and say what it did.")] = False,
    json: Annotated[bool, typer.Option(help="Plans as the server's JSON.")] = False,
) -> None:
    """Print every statement that a query sends, with the server's plan for it."""
    from api.explain import DASHBOARD, NotExplained, parse_variables
    from api.explain import explain as action
    from tenants.explaining import How

    document = (operation or DASHBOARD).read_text()
    try:
        work = action(
            _settings(),
            tenant=tenant,
            document=document,
            variables=parse_variables(variables),
            how=How(analyze=analyze, json=json),
        )
        print(_run(work))  # noqa: T201
    except NotExplained as error:
        _fail(str(error), code=1)


@app.command()
def schema(
    check: Annotated[
        bool, typer.Option(help="Fail when api/schema.graphql is not this schema, or breaks what was released.")
    ] = False,
    write: Annotated[bool, typer.Option(help="Write api/schema.graphql.")] = False,
    release: Annotated[
        bool, typer.Option(help="Record this schema as today's release, with what it changes since the last.")
    ] = False,
    breaking: Annotated[bool, typer.Option(help="With --release: also where it breaks what was promised.")] = False,
) -> None:
    """Print the GraphQL schema."""
    from api import export

    if write:
        export.SCHEMA_FILE.write_text(export.exported())
    elif check:
        found = export.faults(today=wall_now().date())
        if found:
            _fail("\n".join(found), code=1)
        print("\n".join(export.unreleased()))  # noqa: T201
    elif release:
        _release(breaking)
    else:
        print(export.exported(), end="")  # noqa: T201


def _release(breaking: bool) -> None:
    from api.contract.releases import NotReleased
    from api.export import release

    try:
        made = release(today=wall_now().date(), breaking=breaking)
    except NotReleased as error:
        _fail(str(error), code=1)
    console.print(f"Recorded {made.released_on}, with {len(made.changes)} changes.")


def _admin() -> typer.Typer:
    from api.admin import admin

    return admin


app.add_typer(_admin(), name="admin")


def _settings() -> Settings:
    try:
        return settings()
    except ConfigurationError as error:
        _fail(str(error), code=2)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return _guarded(lambda: asyncio.run(work))


def _guarded(work: Any) -> Any:
    """What an operator can put right is told in a line; anything else keeps its traceback."""
    from api.demo.client import Refused
    from api.demo.processes import DidNotStart
    from api.demo.story import StoryFailed
    from api.processes import ProcessDidNotStart
    from migrations.errors import SchemaInUse
    from tenants.database import DatabaseUnavailable, UnsafeRole
    from tenants.postgres.errors import EmbeddedPostgresError
    from tenants.secrets.keyring import KeyMissing, MasterKeyWrong

    try:
        return work()
    except (
        ConfigurationError,
        UnsafeRole,
        DatabaseUnavailable,
        EmbeddedPostgresError,
        MasterKeyWrong,
        KeyMissing,
        ProcessDidNotStart,
    ) as error:
        _fail(str(error), code=2)
    except (DidNotStart, StoryFailed, Refused, SchemaInUse) as error:
        _fail(str(error), code=1)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _fail(message: str, *, code: int) -> NoReturn:
    console.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def main() -> None:
    sys.exit(app())


if __name__ == "__main__":
    main()
