"""
Make the message classes of the service from its .proto files.

    python scripts/make_proto.py            write src/kiwoom/wire/*_pb2.py and .pyi, and the copies in proto/
    python scripts/make_proto.py --check    only say whether they are up to date (exit 1 if not)

The modules hold the compiled descriptor and let protobuf build the classes when they are imported, so that one set of
files serves every protobuf runtime from 5.27 on: what protoc writes by itself refuses a newer major version. The
descriptors live in a pool of their own: KOAPY's classes carry the same names and may be loaded in the same process.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "kiwoom" / "wire"
COPIES = ROOT / "proto"
FILES = ("koapy", "kiwoom")

MODULE = '''"""Message classes of {name}.proto. Made by scripts/make_proto.py; do not edit."""

from kiwoom.wire.pool import load

SHA256 = "{digest}"

DESCRIPTOR = load(
{descriptor}
    __name__,
    globals(),
)
'''


def digest(name: str) -> str:
    """The checksum of a .proto file that its module carries, the same on every system."""
    return hashlib.sha256((SOURCE / f"{name}.proto").read_text("utf-8").encode()).hexdigest()


def compile_proto(name: str) -> tuple[bytes, str]:
    """Compile one file: its serialized FileDescriptorProto and the text of its stub."""
    from google.protobuf import descriptor_pb2

    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{SOURCE}", f"--pyi_out={out}"]
        subprocess.run([*command, f"--descriptor_set_out={out}/set", f"{name}.proto"], check=True)
        compiled = descriptor_pb2.FileDescriptorSet.FromString((Path(out) / "set").read_bytes()).file[0]
        stub = (Path(out) / f"{name}_pb2.pyi").read_text("utf-8")
    for message in compiled.message_type:
        _forget_json_names(message)
    return compiled.SerializeToString(deterministic=True), stub


def _forget_json_names(message: object) -> None:
    for field in message.field:  # type: ignore[attr-defined]
        field.ClearField("json_name")
    for nested in message.nested_type:  # type: ignore[attr-defined]
        _forget_json_names(nested)


def render(name: str) -> dict[Path, str]:
    """Everything that is made from one .proto file, by path."""
    serialized, stub = compile_proto(name)
    lines = [f"    {serialized[i : i + 72]!r}" for i in range(0, len(serialized), 72)]
    lines[-1] += ","
    stub = stub.replace("_Mapping]", "_Mapping[str, object]]")
    return {
        SOURCE / f"{name}_pb2.py": MODULE.format(name=name, digest=digest(name), descriptor="\n".join(lines)),
        SOURCE / f"{name}_pb2.pyi": stub,
        COPIES / f"{name}.proto": (SOURCE / f"{name}.proto").read_text("utf-8"),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether the files are up to date")
    check = parser.parse_args().check
    stale = []
    for name in FILES:
        for path, text in render(name).items():
            if path.exists() and path.read_text("utf-8") == text:
                continue
            stale.append(path)
            if not check:
                path.write_text(text, "utf-8", newline="\n")
    for path in stale:
        print(("stale: " if check else "wrote ") + str(path.relative_to(ROOT)))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
