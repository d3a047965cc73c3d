#!/usr/bin/env bash
# The Wine test run of the OCX: set it up, run the suites inside Wine, and the ones that reach into it from Linux.
# Usage: scripts/test-ocx.sh [--core] [pytest arguments]. Skips itself, with the reason, where a tool is missing.
# --core is what the gate runs with CI_OCX=core: the control's conformance, its windows, QAxWidget's behaviours, and every RPC from Linux.
set -euo pipefail

core=false
if [ "${1:-}" = --core ]; then
  core=true
  shift
fi

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
python=${PYTHON:-python3}
directory=${KIWOOM_WINE_DIR:-build/wine}

status=0
PYTHON="$python" scripts/setup-wine.sh "$directory" || status=$?
[ "$status" -ne 77 ] || exit 0
[ "$status" -eq 0 ] || exit "$status"
directory=$(cd "$directory" && pwd)
export KIWOOM_WINE_DIR="$directory"
trap 'WINEPREFIX="$directory/prefix" wineserver -k || true' EXIT
# Wine boots with its first program and ends with its last: with one that stays, the others start at once. It must be up
# before they are, with its desktop: what boots either leaves its output open to Wine's own processes, and a reader of that
# output would wait for ever.
: >"$directory/stays.log"
"$directory/python.sh" -c 'import ctypes, sys, time; ctypes.windll.user32.GetDesktopWindow()
print("up:", sys.version, flush=True); time.sleep(36000)' 2>&1 |
  cat >"$directory/stays.log" &
until grep '^up' "$directory/stays.log" 2>/dev/null; do
  [ "$SECONDS" -lt 1800 ] || { echo "Wine did not start"; exit 1; }
  sleep 0.2
done

# Through `cat`, since the Windows Python cannot start on a terminal or a file. One that ends with its Wine ends with 0,
# so the word about the end must have come.
inside() {
  local log="$directory/$1.log"
  shift
  "$directory/python.sh" -c "import sys, pytest; print('ended with', int(pytest.main(sys.argv[1:])))" \
    -p no:cacheprovider --timeout 300 -m "not slow and not soak and not wine" "$@" 2>&1 | cat >"$log" || true
  grep -q '^ended with 0' "$log"
}
from_linux() { "$python" -m pytest --timeout 300 -m "wine and not soak" "$@"; }
report() {
  echo "== $1"
  cat "$2"
}

finish() {
  [ "$status" -eq 0 ] && echo "all of it passed in $SECONDS s" || echo "failed, after $SECONDS s"
  exit "$status"
}

# Without the control the suites would skip what they are for.
"$directory/python.sh" -c 'import sys; from kiwoom.control.ocx.windows.registration import own_bits, registration
sys.exit("the test control is not registered" if registration(own_bits()) is None else 0)' 2>&1 | cat

if $core; then
  KIWOOM_CONFORMANCE=ocx inside core tests/conformance tests/ocx/test_qax.py tests/ocx/test_qax_behaviours.py \
    tests/ocx/test_dialogs.py "$@" & inside=$!
  echo "== from Linux: every RPC of the service"
  from_linux tests/ocx/test_service_in_wine.py "$@" || status=$?
  wait "$inside" || status=$?
  report "inside Wine: conformance, the control, its windows, QAxWidget's behaviours" "$directory/core.log"
  finish
fi

# The doctor takes the control out of the registry for a while: it comes alone. The rest runs two by two.
echo "== from Linux: the doctor"
from_linux tests/ocx/test_doctor.py "$@" || status=$?
KIWOOM_CONFORMANCE=ocx inside conformance tests/conformance "$@" & conformance=$!
echo "== from Linux: programs and the service"
from_linux tests/ocx --ignore tests/ocx/test_doctor.py "$@" || status=$?
wait "$conformance" || status=$?
report "inside Wine: the conformance suite" "$directory/conformance.log"
inside ocx tests/ocx "$@" & ocx=$!
inside wrapper tests/wrapper "$@" || status=$?
report "inside Wine: the wrapper" "$directory/wrapper.log"
inside service tests/service "$@" || status=$?
report "inside Wine: the service" "$directory/service.log"
wait "$ocx" || status=$?
report "inside Wine: the control, its windows, QAxWidget's behaviours, the host" "$directory/ocx.log"
finish
