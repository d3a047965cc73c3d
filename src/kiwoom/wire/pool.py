"""One descriptor pool for the messages of the service, apart from protobuf's default one."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FileDescriptor

__all__ = ["POOL", "load"]

POOL = descriptor_pool.DescriptorPool()
"""Holds koapy.proto and kiwoom.proto. Not the default pool: KOAPY's own classes may be loaded beside ours."""


def load(serialized: bytes, module_name: str, names: dict[str, Any]) -> FileDescriptor:
    """Add a compiled file to the pool and put its message classes, enums and enum values into `names`."""
    compiled = descriptor_pb2.FileDescriptorProto.FromString(serialized)
    POOL.Add(compiled)
    file = POOL.FindFileByName(compiled.name)
    for name, descriptor in file.message_types_by_name.items():
        message = message_factory.GetMessageClass(descriptor)
        message.__module__ = module_name
        names[name] = message
    for name, enum in file.enum_types_by_name.items():
        names[name] = type(name, (), {value.name: value.number for value in enum.values})
        names.update({value.name: value.number for value in enum.values})
    return file
