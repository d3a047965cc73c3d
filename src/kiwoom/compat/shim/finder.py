"""The import hook that provides the modules of this layer, without writing anything into site-packages."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

from .axwidget import BINDINGS, build_module
from .session import Session

__all__ = ["Finder"]


class _Loader(importlib.abc.Loader):
    """Hands out a module that a function makes."""

    def __init__(self, make: Callable[[], types.ModuleType]) -> None:
        self._make = make

    def create_module(self, spec: Any) -> types.ModuleType:
        return self._make()

    def exec_module(self, module: types.ModuleType) -> None:
        return None


class _HookedLoader(importlib.abc.Loader):
    """A module's own loader, with something to do after it."""

    def __init__(self, loader: Any, after: Callable[[Any], None]) -> None:
        self._loader = loader
        self._after = after

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        self._loader.exec_module(module)
        self._after(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class Finder(importlib.abc.MetaPathFinder):
    """
    Finds the modules that the layer provides.

    The container modules of the Qt bindings come from the session. `others` are Windows modules by name; one is given
    only where the real one is missing. What `after_import` registers is called with a module once it is executed.
    """

    def __init__(self, session: Session, others: dict[str, Callable[[], types.ModuleType]] | None = None) -> None:
        self.session = session
        self._containers = {module: binding for binding, module in BINDINGS.items()}
        self.others = dict(others or {})
        self._displaced: dict[str, Any] = {}
        self._hooks: dict[str, list[Callable[[Any], None]]] = {}
        self.provided: list[str] = []

    def find_spec(self, fullname: str, path: Sequence[Any] | None = None, target: Any = None) -> Any:
        binding = self._containers.get(fullname)
        if binding is not None:
            return importlib.machinery.ModuleSpec(fullname, _Loader(lambda: self._container(binding)))
        if fullname in self._hooks:
            return self._hooked(fullname, path)
        if fullname in BINDINGS and self._real(fullname, path) is None:
            asked = f"{sys.executable} -m pip install {fullname}"
            self.session.note("unsupported", f"{fullname} is not installed in the program's environment: {asked}")
            return None
        make = self.others.get(fullname)
        if make is None or self._real(fullname, path) is not None:
            return None
        self.provided.append(fullname)
        # As a package, or `import win32com.client` would fail for its first half.
        return importlib.machinery.ModuleSpec(fullname, _Loader(make), is_package="." not in fullname)

    def _real(self, fullname: str, path: Sequence[Any] | None) -> Any:
        """What the other finders find, None if nothing."""
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(fullname, path, None)
                if spec is not None:
                    return spec
        return None

    def after_import(self, fullname: str, hook: Callable[[Any], None]) -> None:
        """Have `hook` called with a module when it is imported; now, if it is."""
        self._hooks.setdefault(fullname, []).append(hook)
        module = sys.modules.get(fullname)
        if module is not None:
            hook(module)

    def _hooked(self, fullname: str, path: Sequence[Any] | None) -> Any:
        spec = self._real(fullname, path)
        if spec is None or spec.loader is None:
            return spec

        def after(module: Any) -> None:
            for hook in self._hooks[fullname]:
                hook(module)

        # After the module's own code: a hook replaces members, which must be there.
        spec.loader = _HookedLoader(spec.loader, after)
        return spec

    def _container(self, binding: str) -> types.ModuleType:
        """Build the container module of a binding, on the binding's own Qt modules."""
        core = importlib.import_module(f"{binding}.QtCore")
        gui = importlib.import_module(f"{binding}.QtGui")
        widgets = importlib.import_module(f"{binding}.QtWidgets")
        self.provided.append(BINDINGS[binding])
        return build_module(binding, self.session, core, gui, widgets)

    def install(self) -> None:
        """Put the hook first. Container modules that were imported before are set aside until `uninstall`."""
        for name in self._containers:
            self._set_aside(name)
        # First: on Windows the real container would be found before this one.
        sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        """Take the hook away, with the modules that it gave."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name in [*self._containers, *self.others]:
            module = sys.modules.get(name)
            # A module of another finder under one of these names is not the layer's to remove.
            if module is not None and isinstance(getattr(module.__spec__, "loader", None), _Loader):
                self._set_aside(name, keep=False)
        for name, module in self._displaced.items():
            sys.modules[name] = module
            package, _, attribute = name.rpartition(".")
            if package in sys.modules:
                setattr(sys.modules[package], attribute, module)
        self._displaced.clear()

    def _set_aside(self, name: str, keep: bool = True) -> None:
        module = sys.modules.pop(name, None)
        package, _, attribute = name.rpartition(".")
        if package in sys.modules and hasattr(sys.modules[package], attribute):
            # `from PyQt5 import QAxContainer` takes the attribute before it looks among the modules.
            delattr(sys.modules[package], attribute)
        if module is not None and keep:
            # Classes made of the old module stay what they are; new imports get the layer's.
            self._displaced[name] = module
