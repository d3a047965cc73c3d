"""A stand-in for the registry: one type library is registered, and its file is the description that the test wrote."""

import os


class error(Exception):
    pass


def RegOpenKey(key, name):
    return f"{key}/{name}"


def RegQueryValue(key, name):
    return "0"


def RegQueryValueEx(key, name):
    return os.environ["KIWOOM_TYPELIB"], 1


def ExpandEnvironmentStrings(text):
    return text
