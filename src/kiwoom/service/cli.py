"""The commands ``kiwoom serve``, ``certs`` and ``tokens``, as functions. What they need is imported when they run."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["certs", "serve", "tokens"]

# Ten years, as the authority of `kiwoom certs`: a typo of a digit is more likely than a longer wish.
_LONGEST_DAYS = 3650


def serve(
    url: Annotated[
        str, typer.Option(envvar="KIWOOM_URL", help="Which control to serve: sim:, ocx:, grpc://host:port")
    ] = "",
    listen: Annotated[str, typer.Option(help="Host and port; port 0 takes a free one")] = "127.0.0.1:5943",
    cert: Annotated[Path | None, typer.Option(help="Certificate (PEM): serve with TLS")] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key")] = None,
    client_ca: Annotated[Path | None, typer.Option(help="Clients must show a certificate of this authority")] = None,
    token_file: Annotated[
        Path | None, typer.Option("--tokens", help="File of tokens: NAME TOKEN RIGHTS [ACCOUNTS] a line")
    ] = None,
    no_tokens: Annotated[
        bool, typer.Option("--no-tokens", help="Serve every user of this machine (loopback only)")
    ] = False,
    allow_custom_code: Annotated[bool, typer.Option(help="Run code of clients that have the right 'custom'")] = False,
    custom_code_without_token: Annotated[
        bool, typer.Option(help="Run code of any program on this machine, as KOAPY's own service does (loopback only)")
    ] = False,
    audit_log: Annotated[Path | None, typer.Option(help="File for the record of clients' code")] = None,
    order_ids: Annotated[
        str, typer.Option(help="File that keeps the ids of orders over a restart: auto, none, or a path")
    ] = "auto",
    limits: Annotated[str, typer.Option(help="Request limits to keep: server, koapy, measured, none")] = "server",
    acknowledge: Annotated[float, typer.Option(min=0.0, help="Seconds that an event waits for its client")] = 5.0,
    requests_per_second: Annotated[
        float, typer.Option(min=0.0, help="Requests one client may make; 0 = any number")
    ] = 0.0,
    streams_per_client: Annotated[int, typer.Option(min=1, help="Streams one client may have open")] = 1000,
    connection_age: Annotated[
        float, typer.Option(min=0.0, help="Seconds after which a client must connect anew; 0 = never")
    ] = 0.0,
    cpu: Annotated[
        str, typer.Option(help="Processor to keep to (Linux): auto = one where that is faster, any, or its number")
    ] = "auto",
    metrics: Annotated[str, typer.Option(help="Host and port for Prometheus, as in 127.0.0.1:9464")] = "",
    reflection: Annotated[bool, typer.Option(help="Let clients ask for the interface")] = True,
    login: Annotated[bool, typer.Option(help="Log in at once instead of when a client asks for it")] = False,
    log_format: Annotated[str, typer.Option(help="text or json")] = "text",
    log_level: Annotated[str, typer.Option(help="debug, info, warning, error")] = "info",
) -> None:
    """Serve a control over gRPC, to KOAPY's clients and to grpc:// URLs. Ends at Ctrl-C or SIGTERM."""
    from importlib.metadata import PackageNotFoundError, version

    from kiwoom.control.base import default_url
    from kiwoom.control.url import ControlUrl
    from kiwoom.errors import MissingDependency
    from kiwoom.installing import pip_install
    from kiwoom.local import is_loopback
    from kiwoom.service.base.settings import Settings
    from kiwoom.service.owner.tuning import grpc_variables

    try:
        # Before gRPC is imported, which reads them then.
        os.environ.update(grpc_variables(os.environ, version("grpcio")))
        from kiwoom.service.base.security import listen_address
        from kiwoom.service.server import Server
    except PackageNotFoundError:
        raise MissingDependency(f"the service needs grpcio: {pip_install('service')}") from None
    except ImportError as error:
        raise MissingDependency(f"the service needs {error.name}: {pip_install('service')}") from None
    settings = Settings(
        url=url or default_url(),
        listen=listen,
        cert=cert,
        key=key,
        client_ca=client_ca,
        tokens=token_file,
        local="anyone" if no_tokens or token_file or not is_loopback(listen_address(listen)[0]) else "user",
        allow_custom_code=allow_custom_code,
        custom_code_without_token=custom_code_without_token,
        audit_log=audit_log,
        order_ledger=_ledger(order_ids, listen),
        limits=limits,
        acknowledge_timeout_s=acknowledge,
        requests_per_second=requests_per_second,
        streams_per_client=streams_per_client,
        connection_age_s=connection_age,
        cpu=_processor(cpu),
        metrics=metrics,
        reflection=reflection,
    )
    server = Server(settings)

    def stop(number: int, frame: object) -> None:
        server.request_stop()

    def ready(_: Server) -> None:
        if login:
            server.log_in()
        # Through ControlUrl, whose text masks tokens. With port 0 this line is how a script learns the port.
        print(f"serving {ControlUrl.parse(settings.url)} at {server.address}", file=sys.stderr, flush=True)

    with _log_to_stderr(log_format, log_level):
        # SIGTERM as well: systemd and containers end a service by it, and clients are to be told.
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            server.run(ready)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def certs(
    folder: Annotated[Path, typer.Argument(help="Where the files go")] = Path("certs"),
    name: Annotated[
        list[str] | None, typer.Option(help="Host name or address of the service; may be given several times")
    ] = None,
    client: Annotated[str, typer.Option(help="Name of the client that gets a certificate")] = "client",
) -> None:
    """Make a local authority, and certificates for the service and a client: kiwoom certs --name 192.168.0.7"""
    from kiwoom.service.certs import make_certificates

    names = name or ["localhost", "127.0.0.1", socket.gethostname()]
    made = make_certificates(folder, names, client)
    print(f"for the service: --cert {made.cert} --key {made.key} --client-ca {made.ca}")
    print(f"for a client:    grpcs://{names[0]}:5943?ca={made.ca}&cert={made.client_cert}&key={made.client_key}")


def _ledger(text: str, listen: str) -> Path | None:
    from kiwoom.local import state_folder

    port = listen.rpartition(":")[2]
    if text == "none" or (text == "auto" and port == "0"):
        # A service at whatever port is free is another one each time.
        return None
    return state_folder() / f"orders-{port}.jsonl" if text == "auto" else Path(text)


def _processor(text: str) -> int | Literal["auto", "any"]:
    from kiwoom.errors import UsageError

    if text == "auto":
        return "auto"
    if text == "any":
        return "any"
    if not text.isdecimal():
        raise UsageError(f"--cpu is auto, any or the number of a processor, not {text!r}")
    return int(text)


@contextmanager
def _log_to_stderr(log_format: str, log_level: str) -> Iterator[None]:
    from kiwoom.errors import UsageError
    from kiwoom.service.jsonlog import JsonFormatter, MaskedFormatter

    level = logging.getLevelName(log_level.upper())
    if not isinstance(level, int):
        raise UsageError(f"--log-level is debug, info, warning or error, not {log_level!r}")
    if log_format not in ("text", "json"):
        raise UsageError(f"--log-format is text or json, not {log_format!r}")
    handler = logging.StreamHandler(sys.stderr)
    plain = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    # Around either format: tracebacks are masked too.
    handler.setFormatter(MaskedFormatter(JsonFormatter() if log_format == "json" else plain))
    root, ours = logging.getLogger(), logging.getLogger("kiwoom")
    before = ours.level
    root.addHandler(handler)
    ours.setLevel(level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(before)


tokens = typer.Typer(help="Make, list and take away the tokens of a service: kiwoom serve --tokens FILE")

_File = Annotated[Path | None, typer.Option("--file", help="The token file; by default in the user's state folder")]
_Days = Annotated[int | None, typer.Option(help="Days until the token ends; without, it does not")]


def _token_file(file: Path | None) -> Path:
    from kiwoom.local import state_folder

    return file or state_folder() / "tokens"


def _last_day(days: int | None) -> date | None:
    from kiwoom.errors import UsageError

    if days is not None and not 0 < days <= _LONGEST_DAYS:
        raise UsageError(f"--days is 1 to {_LONGEST_DAYS}, not {days}")
    return None if days is None else date.today() + timedelta(days=days)


@tokens.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Whose token it is, as the log names it")],
    rights: Annotated[str, typer.Option(help="Of read, trade, custom, admin; joined by commas")] = "read",
    account: Annotated[list[str] | None, typer.Option(help="Account that it may use; all if none is given")] = None,
    days: _Days = None,
    file: _File = None,
) -> None:
    """Make a token and show it once: the file keeps only its digest."""
    from kiwoom.service.base.tokens import add_token

    path = _token_file(file)
    print(add_token(path, name, rights.split(","), account or (), _last_day(days)))
    print(f"in {path}: kiwoom serve --tokens {path}", file=sys.stderr)


@tokens.command("ls")
def list_tokens(file: _File = None) -> None:
    """List the tokens: names, rights, accounts, last days."""
    from kiwoom.masking import mask_account
    from kiwoom.service.base.tokens import read_tokens

    for token in read_tokens(_token_file(file)):
        accounts = ",".join(map(mask_account, token.accounts)) or "all accounts"
        print(token.name, ",".join(token.rights), accounts, f"until {token.until}" if token.until else "", sep="\t")


@tokens.command("rm")
def remove(name: Annotated[str, typer.Argument(help="Whose token")], file: _File = None) -> None:
    """Take a token away. A service that runs notices within a second."""
    from kiwoom.service.base.tokens import remove_token

    remove_token(_token_file(file), name)


@tokens.command("rotate")
def rotate(name: Annotated[str, typer.Argument(help="Whose token")], days: _Days = None, file: _File = None) -> None:
    """Make a new token in place of one, with its rights and accounts, and show it once."""
    from kiwoom.service.base.tokens import rotate_token

    print(rotate_token(_token_file(file), name, _last_day(days)))
