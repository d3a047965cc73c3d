"""
Hiding passwords and account numbers before anything is written down: `8012345611` becomes `8*******11`.

Where an argument or a field is known to hold one (SendOrder's account, the input 비밀번호, FID 9201), it is masked
whatever it looks like. Accounts that were seen there are then masked wherever they turn up, and so is any other number
of ten digits that has the form of an account.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

__all__ = ["HIDDEN", "Masker", "is_secret", "mask_account", "masked_arguments"]

HIDDEN = "****"

# Ten digits, the last two the kind of account: 10, 11 stocks, 31 futures and options (others exist: 72 funds).
_ACCOUNT_FORM = re.compile(r"(?<![\d.])[1-9]\d{7}(?:10|11|31|72)(?![\d.])")
_ACCOUNT_TAGS = ("ACCNO", "ACCLIST", "ACCTLIST_DETAIL")
_ACCOUNT_FIDS = (9201, "9201")
_ACCOUNT_ITEMS = ("계좌번호",)
_ACCOUNT_ARGUMENT = "acc_no"
# 비밀번호입력매체구분 says how the password was entered: no secret.
_SECRET = ("비밀번호", "비번", "암호", "password", "passwd", "pwd")
_NOT_SECRET = ("비밀번호입력매체구분",)


def mask_account(account: str) -> str:
    """Hide all but the first and the last two characters: enough to tell one's own accounts apart."""
    # So short that first and last characters would be most of it.
    if len(account) < 4:
        return "*" * len(account)
    return f"{account[0]}{'*' * (len(account) - 3)}{account[-2:]}"


class Masker:
    """Masks the calls and events of one session, and remembers the accounts it has seen."""

    def __init__(self) -> None:
        self._accounts: dict[str, str] = {}
        self._known: re.Pattern[str] | None = None

    def learn(self, text: str) -> None:
        """Remember accounts: one, or several each followed by a semicolon."""
        for part in text.split(";"):
            # ACCTLIST_DETAIL has account, name and kind between commas; only the first is a number to hide.
            account = part.split(",")[0].strip()
            # A shorter text (an empty argument, a test's "1") would be masked wherever it stands in any message.
            if len(account) >= 8 and account.isalnum() and account not in self._accounts:
                self._accounts[account] = mask_account(account)
                # Longest first: of two accounts one of which begins the other, the whole one is masked.
                self._known = re.compile("|".join(map(re.escape, sorted(self._accounts, key=len, reverse=True))))

    def text(self, text: str) -> str:
        """Mask the accounts in a text."""
        if self._known is not None:
            text = self._known.sub(lambda match: self._accounts[match[0]], text)
        return _ACCOUNT_FORM.sub(lambda match: mask_account(match[0]), text)

    def value(self, value: object) -> object:
        """Mask accounts in a result or an argument."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(part) for part in value]
        return value

    def call(
        self, name: str, parameters: Sequence[str], arguments: Sequence[object], result: object
    ) -> tuple[list[object], object]:
        """Mask the arguments and the result of a call: the function's COM name, its Python argument names, values."""
        values: list[object] = [v if isinstance(v, int) else str(v) for v in arguments]
        for position, parameter in enumerate(parameters[: len(values)]):
            if parameter == _ACCOUNT_ARGUMENT:
                self.learn(str(values[position]))
                values[position] = mask_account(str(values[position]))
        if name == "SetInputValue" and len(values) == 2:
            key, value = str(values[0]), str(values[1])
            if key.strip() in _ACCOUNT_ITEMS:
                self.learn(value)
                values[1] = mask_account(value)
            elif is_secret(key) and value:
                values[1] = HIDDEN
        # Before anything is masked: the account must be known when this very result is written.
        if isinstance(result, str) and result and self._returns_accounts(name, values):
            self.learn(result)
        return [self.value(value) for value in values], self.value(result)

    @staticmethod
    def _returns_accounts(name: str, arguments: Sequence[object]) -> bool:
        if name == "GetLoginInfo":
            return str(arguments[0]).upper() in _ACCOUNT_TAGS
        if name == "GetChejanData":
            return arguments[0] in _ACCOUNT_FIDS
        return name in ("GetCommData", "CommGetData") and arguments[-1] in _ACCOUNT_ITEMS


def is_secret(input_name: str) -> bool:
    """Say whether an input of a TR is a password."""
    # One spelling: a Korean name may come as letters that are put together, a name from a web page with odd blanks.
    text = unicodedata.normalize("NFKC", input_name)
    plain = "".join(c for c in text if not c.isspace() and not unicodedata.category(c).startswith("C")).lower()
    return any(word in plain for word in _SECRET) and plain not in _NOT_SECRET


def masked_arguments(name: str, parameters: Sequence[str], arguments: Sequence[object]) -> str:
    """Show the arguments of a call by name, with secrets masked, for messages."""
    masked, _ = Masker().call(name, parameters, arguments, None)
    return ", ".join(f"{parameter}={value!r}" for parameter, value in zip(parameters, masked, strict=False))
