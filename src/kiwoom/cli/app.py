"""The commands and their options. Each command's work is done by a module of its own, imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from kiwoom import __version__
from kiwoom.cli.doctor import doctor
from kiwoom.cli.exits import Command, ServerRefused
from kiwoom.cli.login import login
from kiwoom.cli.tables import Format, show, stdout
from kiwoom.compat.run import CONTEXT, run
from kiwoom.errors import UsageError
from kiwoom.service.cli import certs, serve, tokens

__all__ = ["app"]

app = typer.Typer(
    name="kiwoom",
    cls=Command,
    help="Kiwoom Open API+ from the shell: on the embedded simulator, on the OCX, or on a server.",
    no_args_is_help=True,
    # A fault of this package shows Python's own traceback, which can be searched for and reported.
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        print(f"kiwoom {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        # Eager: it needs no command.
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit")
    ] = False,
) -> None:
    """Options of the command itself. The help text is the app's."""


Url = Annotated[
    str | None,
    typer.Option("--url", envvar="KIWOOM_URL", help="Which control: sim:, ocx:, grpc://host:port", show_default=False),
]
Output = Annotated[Format, typer.Option("--format", "-f", help="How data is written")]


@app.command()
def demo(
    url: Annotated[str, typer.Option(help="A simulator; the demo never sends an order anywhere else")] = "",
    seed: Annotated[int, typer.Option(help="The market: the same seed shows the same session")] = 7,
    live: Annotated[bool, typer.Option("--live", help="At three times the pace of real time, from now on")] = False,
) -> None:
    """Log in, read the account, draw a chart, watch prices, fill an order, show profit and loss. Simulated."""
    from kiwoom.cli.demo import demo_url, run_demo

    run_demo(stdout(), url or demo_url(seed, live))


@app.command()
def tr(
    code: Annotated[str, typer.Argument(help="A TR, such as opt10081")],
    inputs: Annotated[list[str] | None, typer.Argument(metavar="이름=값 …", help="Its inputs")] = None,
    pages: Annotated[int, typer.Option(min=1, help="How many pages at most")] = 1,
    all: Annotated[bool, typer.Option("--all", help="All pages")] = False,
    url: Url = None,
    format: Output = Format.table,
) -> None:
    """Ask a TR and print its answer: kiwoom tr opt10081 종목코드=005930 --all -f csv"""
    from kiwoom.cli.transaction import transaction

    transaction(code, inputs or [], url, 0 if all else pages, format)


@app.command()
def download(
    period: Annotated[str, typer.Option(help="tick, min, day, week, month, year")] = "day",
    market: Annotated[str | None, typer.Option(help="A market: KOSPI, KOSDAQ, ETF …")] = None,
    sector: Annotated[str | None, typer.Option(help="A sector, by name or code")] = None,
    code: Annotated[str | None, typer.Option(help="One code")] = None,
    start: Annotated[str | None, typer.Option(help="First day, YYYYMMDD")] = None,
    end: Annotated[str | None, typer.Option(help="Last day, YYYYMMDD")] = None,
    unit: Annotated[int | None, typer.Option(min=1, help="Minutes or ticks of a bar")] = None,
    path: Annotated[str | None, typer.Option(help="The folder of the CSV files")] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Add to the files that are there")] = False,
    encoding: Annotated[str, typer.Option(help="Encoding of the files")] = "cp949",
    url: Url = None,
) -> None:
    """
    Download histories into CSV files; goes on after an interruption: kiwoom download --market KOSPI

    Exit code 7: it went through, but a code failed or begins later than --start, because the server keeps no older
    rows. The report on stderr says which.
    """
    from kiwoom import Kiwoom
    from kiwoom.cli.download import download_exit

    with Kiwoom(url) as api:
        api.login()
        # Tells on stderr how far it is, and at the end what came of it.
        report = api.histories(
            market, sector, code, period, unit, start, end, path=path, merge=merge, encoding=encoding
        )
        # Six characters: the control knows names of stocks alone, not of sectors and derivatives.
        unknown = [code for code in report.empty if len(code) == 6 and not api.get_master_code_name(code).strip()]
    ended = download_exit(report)
    if unknown and not ended:
        raise ServerRefused(f"the server does not know {', '.join(unknown)}", {})
    raise typer.Exit(ended)


@app.command()
def find(word: str, format: Output = Format.table) -> None:
    """Search TRs, inputs, outputs, FIDs, real types, error codes and stocks: kiwoom find 예수금"""
    from kiwoom import catalog

    rows = [{"kind": hit.kind, "key": hit.key, "name": hit.name, "where": hit.where} for hit in catalog.search(word)]
    if not rows:
        raise UsageError(f"nothing in the catalog is called {word!r} or has an item of that name")
    show(format, rows)


@app.command(context_settings={"ignore_unknown_options": True})  # -200 is a code, not an option
def errmsg(
    code: Annotated[str, typer.Argument(help="A number, as -200, or a name, as OP_ERR_SISE_OVERFLOW")],
    format: Output = Format.table,
) -> None:
    """Say what a return code means: kiwoom errmsg -200"""
    from kiwoom.errors import CODES, msg

    if not code:  # older releases of typer let it be missing
        raise UsageError("Missing argument 'CODE': kiwoom errmsg -200")
    named = {error.name: number for number, error in CODES.items()}
    try:
        number = named.get(code.upper()) or int(code)
    except ValueError:
        raise UsageError(f"{code!r} is neither the number nor the name of a return code") from None
    if format is Format.table:
        print(msg(number))
        return
    found = CODES.get(number)
    row = {"code": str(number), "name": found.name if found else "UNKNOWN", "text": found.text if found else ""}
    show(format, [], row)


app.command()(login)
app.command()(serve)
app.command()(certs)
app.add_typer(tokens, name="tokens")
app.command(context_settings=CONTEXT)(run)
app.command()(doctor)
