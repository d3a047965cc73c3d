"""One spelling for the names that rules look at: tags, TR codes, inputs, the word ALL."""

from __future__ import annotations

import unicodedata

__all__ = ["canonical"]


def canonical(name: object) -> str:
    """
    A name without blanks around it and characters that do not show, in capitals and half-width letters.

    The control reads " accno" as ACCNO. A rule that compared the text as it came would not see what is asked for; this
    spelling is at least as broad as any that a control is known to take.
    """
    # NFKC: full-width letters and composed Hangul become the usual ones.
    text = unicodedata.normalize("NFKC", str(name))
    # Categories C*: control characters, zero-width ones and the like.
    return "".join(c for c in text if not unicodedata.category(c).startswith("C")).strip().upper()
