"""``python -m kiwoom.compat FILE``: the same as ``kiwoom run FILE``."""

import typer

from kiwoom.compat.run import CONTEXT, run


def main() -> None:
    """Run a program on the layer."""
    app = typer.Typer(add_completion=False)
    app.command(context_settings=CONTEXT)(run)
    app()


if __name__ == "__main__":
    main()
