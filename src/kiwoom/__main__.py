"""`python -m kiwoom`: the same as the `kiwoom` command."""

from kiwoom_openapi_plus import main

if __name__ == "__main__":
    main()
