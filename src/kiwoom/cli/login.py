"""
`kiwoom login`: try a login, and keep what an unattended one needs.

No option takes a password. The command asks for passwords on the terminal without echo and keeps them in the system's
keyring, from where they are typed into the OCX's windows. A session ends with its process, so the command leaves none
behind: it shows that a login works, and prepares later ones.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated

import typer

from kiwoom.cli.tables import Format, progress, show
from kiwoom.control.base import default_url
from kiwoom.control.ocx.windows.credentials import DEFAULT_PROFILE, Credentials, forget, store
from kiwoom.control.url import ControlUrl
from kiwoom.errors import UsageError

__all__ = ["ask_credentials", "login"]

_SHOW_ACCOUNT_WINDOW = "ShowAccountWindow"


def login(
    url: Annotated[
        str, typer.Option(envvar="KIWOOM_URL", help="Which control: ocx:, sim:, grpc://host:port", show_default=False)
    ] = "",
    profile: Annotated[str, typer.Option(help="Log in unattended with this profile of the keyring (ocx: alone)")] = "",
    keep: Annotated[
        bool, typer.Option("--store", help="Ask for id and passwords and keep them in the keyring; no login")
    ] = False,
    drop: Annotated[bool, typer.Option("--forget", help="Take the profile out of the keyring; no login")] = False,
    account_window: Annotated[
        bool, typer.Option("--account-window", help="After the login, open the window for the account password")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.0, help="Seconds that the login may take")] = 600.0,
    format: Annotated[Format, typer.Option("--format", "-f", help="How the answer is written")] = Format.table,
) -> None:
    """Log in once to see that it works; with --store, keep what an unattended login needs in the system's keyring."""
    name = profile or DEFAULT_PROFILE
    if keep and drop:
        raise UsageError("--store and --forget are two things; give one of them")
    if keep:
        store(ask_credentials(), name)
        progress(
            f"kept in the keyring; log in with: kiwoom login --profile {name}, or the URL {_with_profile('', name)}"
        )
    elif drop:
        there = forget(name)
        progress(f"the profile {name!r} is forgotten" if there else f"the keyring has no profile {name!r}")
    else:
        _log_in(str(_with_profile(url, profile)) if profile else url, account_window, timeout, format)


def ask_credentials() -> Credentials:
    """
    Ask on the terminal: the id, the server, and without echo the passwords that this server needs.

    Raises UsageError where there is no terminal: a pipe would be a place in which passwords are written down.
    """
    if not sys.stdin.isatty():
        raise UsageError("passwords are asked for on a terminal, and this input is none")
    try:
        return _ask()
    except typer.Abort:  # Windows takes NUL for a terminal
        raise UsageError("passwords are asked for on a terminal, and the questions were not answered") from None


def _ask() -> Credentials:
    # On stderr: stdout is for data, also here.
    user_id = typer.prompt("ID", err=True).strip()
    mock = typer.confirm("Mock server (모의투자)?", default=True, err=True)
    password = _ask_secret("Password (비밀번호)")
    # The mock server asks for no certificate.
    certificate = "" if mock else _ask_secret("Certificate password (인증비밀번호)")
    wanted = typer.confirm("Keep the account password (계좌) too, to fill its window?", default=True, err=True)
    account = _ask_secret("Account password (계좌비밀번호)") if wanted else ""
    return Credentials(user_id, password, certificate, account, mock)


def _ask_secret(what: str) -> str:
    """Ask without echo, twice: a login is locked after a few wrong passwords."""
    given: str = typer.prompt(what, hide_input=True, confirmation_prompt="Once more", err=True)
    return given


def _with_profile(url: str, profile: str) -> ControlUrl:
    chosen = ControlUrl.parse(url or "ocx:")
    if chosen.scheme != "ocx":
        raise UsageError(f"--profile fills the windows of the OCX; {chosen} has none")
    return replace(chosen, options={**chosen.options, "login": profile})


def _log_in(url: str, account_window: bool, timeout: float, format: Format) -> None:
    from kiwoom import Kiwoom, config
    from kiwoom.masking import mask_account

    config.MUTE = True
    with Kiwoom(url or default_url()) as api:
        # The server's messages would stand among the data on stdout.
        api.msg = False
        api.login(timeout=timeout)
        if account_window:
            progress("the window for the account password is open: register it, tick AUTO for automatic logins, close")
            api.koa_functions(_SHOW_ACCOUNT_WINDOW, "")
        accounts = [mask_account(a) for a in api.get_login_info("ACCNO").split(";") if a]
        answer = {
            "url": api.url,
            "mode": api.mode,
            "user": api.get_login_info("USER_ID"),
            "accounts": " ".join(accounts),
        }
    show(format, [], answer, {})
