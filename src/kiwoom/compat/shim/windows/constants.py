"""`win32con`: the constants of the Windows headers that programs for the OCX use."""

from __future__ import annotations

import types
from collections.abc import Callable

from ..session import Session
from .module import make

__all__ = ["CONSTANTS", "modules"]

# Windows SDK: winuser.h, winbase.h, winnt.h
CONSTANTS: dict[str, int] = {
    "WM_NULL": 0x0000, "WM_CREATE": 0x0001, "WM_DESTROY": 0x0002, "WM_SETFOCUS": 0x0007, "WM_SETTEXT": 0x000C,
    "WM_GETTEXT": 0x000D, "WM_GETTEXTLENGTH": 0x000E, "WM_CLOSE": 0x0010, "WM_QUIT": 0x0012, "WM_KEYDOWN": 0x0100,
    "WM_KEYUP": 0x0101, "WM_CHAR": 0x0102, "WM_SYSKEYDOWN": 0x0104, "WM_SYSKEYUP": 0x0105, "WM_COMMAND": 0x0111,
    "WM_SYSCOMMAND": 0x0112, "WM_TIMER": 0x0113, "WM_MOUSEMOVE": 0x0200, "WM_LBUTTONDOWN": 0x0201,
    "WM_LBUTTONUP": 0x0202, "WM_LBUTTONDBLCLK": 0x0203, "WM_RBUTTONDOWN": 0x0204, "WM_RBUTTONUP": 0x0205,
    "WM_USER": 0x0400, "WM_PASTE": 0x0302, "WM_COPYDATA": 0x004A,
    "EM_SETSEL": 0x00B1, "EM_REPLACESEL": 0x00C2, "EM_GETSEL": 0x00B0,
    "BM_CLICK": 0x00F5, "BM_GETCHECK": 0x00F0, "BM_SETCHECK": 0x00F1, "BST_CHECKED": 1, "BST_UNCHECKED": 0,
    "CB_SETCURSEL": 0x014E, "CB_GETCOUNT": 0x0146, "LB_SETCURSEL": 0x0186,
    "MK_LBUTTON": 0x0001, "MK_RBUTTON": 0x0002, "MOUSEEVENTF_LEFTDOWN": 0x0002, "MOUSEEVENTF_LEFTUP": 0x0004,
    "MOUSEEVENTF_ABSOLUTE": 0x8000, "MOUSEEVENTF_MOVE": 0x0001, "KEYEVENTF_KEYUP": 0x0002,
    "VK_BACK": 0x08, "VK_TAB": 0x09, "VK_RETURN": 0x0D, "VK_SHIFT": 0x10, "VK_CONTROL": 0x11, "VK_MENU": 0x12,
    "VK_ESCAPE": 0x1B, "VK_SPACE": 0x20, "VK_END": 0x23, "VK_HOME": 0x24, "VK_LEFT": 0x25, "VK_UP": 0x26,
    "VK_RIGHT": 0x27, "VK_DOWN": 0x28, "VK_DELETE": 0x2E, "VK_HANGUL": 0x15, "VK_F4": 0x73, "VK_F5": 0x74,
    "SW_HIDE": 0, "SW_SHOWNORMAL": 1, "SW_NORMAL": 1, "SW_SHOWMINIMIZED": 2, "SW_MAXIMIZE": 3, "SW_SHOW": 5,
    "SW_MINIMIZE": 6, "SW_RESTORE": 9,
    "GW_HWNDFIRST": 0, "GW_HWNDNEXT": 2, "GW_OWNER": 4, "GW_CHILD": 5, "GWL_STYLE": -16, "GWL_EXSTYLE": -20,
    "MB_OK": 0, "MB_OKCANCEL": 1, "MB_YESNO": 4, "MB_ICONERROR": 16, "MB_ICONQUESTION": 32, "MB_ICONWARNING": 48,
    "MB_ICONINFORMATION": 64, "MB_TOPMOST": 0x40000, "IDOK": 1, "IDCANCEL": 2, "IDYES": 6, "IDNO": 7,
    "SC_CLOSE": 0xF060, "SC_MINIMIZE": 0xF020, "HWND_TOP": 0, "HWND_TOPMOST": -1, "HWND_NOTOPMOST": -2,
    "SWP_NOSIZE": 1, "SWP_NOMOVE": 2, "SWP_SHOWWINDOW": 0x40, "SM_CXSCREEN": 0, "SM_CYSCREEN": 1,
    "PROCESS_TERMINATE": 1, "PROCESS_ALL_ACCESS": 0x1F0FFF, "EWX_LOGOFF": 0, "EWX_SHUTDOWN": 1, "EWX_REBOOT": 2,
    "EWX_FORCE": 4, "SMTO_ABORTIFHUNG": 2, "NULL": 0, "TRUE": 1, "FALSE": 0, "MAX_PATH": 260,
}  # fmt: skip
"""Values of the constants by name."""


def modules(session: Session) -> dict[str, Callable[[], types.ModuleType]]:
    """`win32con`, with the function that makes it."""
    return {"win32con": lambda: make("win32con", session, dict(CONSTANTS))}
