#!/usr/bin/env bash
# The Wine test run of the OCX: set it up, run the suites inside Wine, then the ones that reach into it from Linux.
# Usage: scripts/test-ocx.sh [pytest arguments]. Skips itself, with the reason, where a tool is missing.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
python=${PYTHON:-python3}
directory=${KIWOOM_WINE_DIR:-build/wine}

status=0
PYTHON="$python" scripts/setup-wine.sh "$directory" || status=$?
[ "$status" -ne 77 ] || exit 0
[ "$status" -eq 0 ] || exit "$status"

# Through `cat`, since the Windows Python cannot start on a terminal without a console.
echo "== inside Wine"
"$directory/python.sh" -m pytest -p no:cacheprovider tests/conformance tests/ocx "$@" 2>&1 | cat
echo "== from Linux"
KIWOOM_WINE_DIR="$(cd "$directory" && pwd)" "$python" -m pytest tests/ocx "$@"
WINEPREFIX="$directory/prefix" wineserver -k || true
