#!/usr/bin/env bash
# Sets up a virtual environment with the project and everything its tests need: scripts/setup.sh [--core] [VENV]
# With --core the project alone, as `make demo` needs it.
set -euo pipefail
cd "$(dirname "$0")/.."
core=false
if [ "${1:-}" = --core ]; then
  core=true
  shift
fi
venv=${1:-.venv}
python=${PYTHON:-python3}
bin=$venv/bin
[ "${OS:-}" != Windows_NT ] || bin=$venv/Scripts

install() { "$bin/python" -m pip install --disable-pip-version-check --quiet "$@"; }

if [ ! -x "$bin/python" ] && [ ! -x "$bin/python.exe" ]; then
  echo "making $venv with $("$python" --version)"
  "$python" -m venv "$venv"
fi

if $core; then
  echo "installing kiwoom and what it needs (rich, typer) into $venv"
  install --editable .
  exit 0
fi

# Qt's wheels need a few libraries of the system, also without a screen.
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  missing=()
  for package in libgl1 libegl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon0; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
fi

echo "installing kiwoom with all extras and the development tools into $venv: a few minutes the first time"
install --upgrade "pip>=25.1"
install --editable ".[all]" --group dev --constraint requirements-dev.lock
echo "ready: $venv"
