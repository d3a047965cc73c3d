"""
Which processes of this machine have the OCX loaded, and whether Kiwoom's updater runs.

Two logins of one id cannot live beside each other, and the updater replaces files only while no process holds them.
"""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Any

from kiwoom.control.ocx.windows.registration import ON_WINDOWS

__all__ = ["UPDATERS", "Process", "end_with_this_process", "holders", "processes", "program_of"]

log = logging.getLogger("kiwoom.control.ocx.host")

UPDATERS = ("opstarter.exe", "opversionup.exe", "opcomms.exe")
"""Programs of Kiwoom's that run while a version is updated or a login is going on."""

_QUERY_LIMITED = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_QUERY = 0x0400 | 0x0010  # PROCESS_QUERY_INFORMATION | PROCESS_VM_READ
_ALL_MODULES = 0x03
# More processes, or modules in one, than a desktop has; beyond it the lists are cut.
_MOST = 4096
_EXTENDED_LIMITS = 9
_KILL_ON_JOB_CLOSE = 0x2000


@dataclass(frozen=True)
class Process:
    """A running process: its number and the path of its program ("" if this user may not know it)."""

    pid: int
    path: str

    @property
    def name(self) -> str:
        """File name of the program."""
        return PureWindowsPath(self.path).name


def processes() -> list[Process]:
    """The processes that this user may look at; empty on another system."""
    return [process for process, _ in _look(modules=False)]


def program_of(pid: int) -> str:
    """File name of a process's program; "" if it is gone or this user may not know it, or on another system."""
    if not ON_WINDOWS:
        return ""
    ctypes: Any = importlib.import_module("ctypes")
    wintypes: Any = importlib.import_module("ctypes.wintypes")
    kernel = ctypes.WinDLL("kernel32")
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.CloseHandle.argtypes = [wintypes.HANDLE]
    kernel.QueryFullProcessImageNameW.argtypes = [
        wintypes.HANDLE, wintypes.DWORD, wintypes.LPWSTR, ctypes.POINTER(wintypes.DWORD),
    ]  # fmt: skip
    handle = kernel.OpenProcess(_QUERY_LIMITED, False, pid)
    if not handle:
        return ""
    try:
        name, length = ctypes.create_unicode_buffer(1024), wintypes.DWORD(1024)
        found = kernel.QueryFullProcessImageNameW(handle, 0, name, ctypes.byref(length))
        return PureWindowsPath(name.value).name if found else ""
    finally:
        kernel.CloseHandle(handle)


def holders(module_path: str) -> list[Process]:
    """
    The processes, other than this one, that have a file loaded as a module.

    A 32-bit process cannot look into 64-bit ones; those cannot hold the 32-bit OCX anyway.
    """
    wanted = PureWindowsPath(module_path)
    found = [p for p, modules in _look(modules=True) if any(PureWindowsPath(m) == wanted for m in modules)]
    return [process for process in found if process.pid != os.getpid()]


def _look(modules: bool) -> list[tuple[Process, list[str]]]:
    if not ON_WINDOWS:
        return []
    ctypes: Any = importlib.import_module("ctypes")
    wintypes: Any = importlib.import_module("ctypes.wintypes")
    kernel, psapi = ctypes.WinDLL("kernel32"), ctypes.WinDLL("psapi")
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.CloseHandle.argtypes = [wintypes.HANDLE]
    psapi.EnumProcessModulesEx.argtypes = [
        wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD), wintypes.DWORD,
    ]  # fmt: skip
    psapi.GetModuleFileNameExW.argtypes = [wintypes.HANDLE, wintypes.HMODULE, wintypes.LPWSTR, wintypes.DWORD]
    pids, size = (wintypes.DWORD * _MOST)(), wintypes.DWORD()
    psapi.EnumProcesses(pids, ctypes.sizeof(pids), ctypes.byref(size))
    result = []
    for pid in pids[: size.value // ctypes.sizeof(wintypes.DWORD)]:
        # Refused for other users' processes and the system's: those hold no OCX of this session.
        handle = kernel.OpenProcess(_QUERY, False, pid)
        if not handle:
            continue
        try:
            loaded, needed = (wintypes.HMODULE * _MOST)(), wintypes.DWORD()
            name = ctypes.create_unicode_buffer(1024)
            if not psapi.EnumProcessModulesEx(
                handle, loaded, ctypes.sizeof(loaded), ctypes.byref(needed), _ALL_MODULES
            ):
                continue
            count = min(needed.value // ctypes.sizeof(wintypes.HMODULE), _MOST)
            paths = []
            for module in loaded[: count if modules else 1]:
                psapi.GetModuleFileNameExW(handle, module, name, len(name))
                paths.append(name.value)
            result.append((Process(pid, paths[0] if paths else ""), paths))
        finally:
            kernel.CloseHandle(handle)
    return result


_job: Any = None  # closing its last handle, which the system does when this process ends, ends what is in it


def end_with_this_process(child: subprocess.Popen[bytes]) -> None:
    """Have Windows end a child when this process ends, however it ends. Elsewhere the child watches its stdin."""
    global _job
    if not ON_WINDOWS:
        return
    ctypes: Any = importlib.import_module("ctypes")
    wintypes: Any = importlib.import_module("ctypes.wintypes")
    kernel = ctypes.WinDLL("kernel32")
    kernel.CreateJobObjectW.restype = wintypes.HANDLE
    kernel.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
    kernel.SetInformationJobObject.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD]
    if _job is None:
        # JOBOBJECT_EXTENDED_LIMIT_INFORMATION: the flags stand at byte 16, its size depends on the size of a pointer.
        _job = kernel.CreateJobObjectW(None, None)
        size = 144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112
        limits = (ctypes.c_ubyte * size)()
        ctypes.cast(ctypes.byref(limits, 16), ctypes.POINTER(wintypes.DWORD))[0] = _KILL_ON_JOB_CLOSE
        kernel.SetInformationJobObject(_job, _EXTENDED_LIMITS, limits, size)
    if not kernel.AssignProcessToJobObject(_job, int(child._handle)):  # type: ignore[attr-defined]  # Windows only
        log.warning("the host %d could not be bound to this process", child.pid)
