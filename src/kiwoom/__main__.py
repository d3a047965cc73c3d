"""`python -m kiwoom`: the same as the `kiwoom` command."""

from kiwoom.cli import main

if __name__ == "__main__":
    main()
