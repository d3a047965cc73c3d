#!/usr/bin/env bash
# The tests on what `make build` made, in a clean environment: scripts/test-dist.sh wheel|sdist [pytest arguments]
# wheel: src/ of the test tree is the wheel's content. sdist: the unpacked archive, by its own Makefile.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1
shift
python=${PYTHON:-python3}
[ $# -gt 0 ] || set -- -m "not soak"
archive=$(ls dist/*.tar.gz)
wheel=$PWD/$(ls dist/*.whl)
tree=$PWD/build/$kind
rm -rf "$tree"
mkdir -p "$tree"
tar -xzf "$archive" --strip-components 1 -C "$tree"

if [ "$kind" = sdist ]; then
  # Formatting, lint, types, documentation and tests, with an environment that the archive's own set-up makes.
  quoted=$(printf '%q ' "$@")
  exec make -C "$tree" test PYTHON="$(command -v "$python")" TESTS="$quoted"
fi

echo "== what the wheel brings, installed alone"
"$python" -m venv "$tree/alone"
bin=bin
[ "${OS:-}" != Windows_NT ] || bin=Scripts
"$tree/alone/$bin/python" -m pip install --disable-pip-version-check --quiet "$wheel"
"$tree/alone/$bin/python" -m pip list --disable-pip-version-check

# Where a test reads the package's sources, it reads the wheel's: nothing of the checkout's src/ is left.
rm -rf "$tree/src"
"$python" -m venv "$tree/.venv"
"$tree/.venv/$bin/python" -m pip install --disable-pip-version-check --quiet --upgrade "pip>=25.1"
(cd "$tree" && ".venv/$bin/python" -m pip install --disable-pip-version-check --quiet --group dev \
  --constraint requirements-dev.lock "$wheel[all]")
"$tree/.venv/$bin/python" -m zipfile -e "$wheel" "$tree/src"
cd "$tree"
exec ".venv/$bin/python" -m pytest -n 2 "$@"
