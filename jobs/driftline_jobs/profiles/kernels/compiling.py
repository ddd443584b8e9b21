"""Functions compiled to machine code by numba, the result kept for the processes to come.

It is kept where ``NUMBA_CACHE_DIR`` says, or beside the source, or in the user's cache folder: the first of
these that can be written. What lies beside the source is used first, even where nothing can be added to it:
an image or an installation of which root is the owner is compiled for once, when it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    NullCache,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)
from numba.core.typeinfer import register_dispatcher
from numba.core.typing.templates import Signature

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def readable(kind: types.Type) -> types.Array:
    """The type of a one-dimensional array that is only read."""
    return types.Array(kind, 1, "C", readonly=True)


def compiled(signature: Signature) -> Callable[[F], F]:
    """Compile a function for arguments of these types, once for all processes.

    Code that travels in an archive has nothing beside it to keep the result in: each process compiles anew.
    So it does where nothing can be written, neither beside this file nor in the user's cache.
    """

    def compile_(function: F) -> F:
        dispatcher = numba.njit(**_OPTIONS)(function)
        if Path(__file__).is_file():
            dispatcher._cache = _Stored(function)  # noqa: SLF001  numba has no other way to say where
        with register_dispatcher(dispatcher):  # by which a function may call itself
            dispatcher.compile(signature)
        dispatcher.disable_compile()
        return cast("F", dispatcher)

    return compile_


def inner(function: F) -> F:
    """Compile a function into those that call it."""
    return cast("F", numba.njit(**_OPTIONS)(function))


class _BesideLocator(InTreeCacheLocator):
    """The folder beside the source, whether or not it can be written."""

    def ensure_cache_path(self) -> None:
        """Nothing is made: what is there is read."""


class _HomeLocator(UserWideCacheLocator):
    """The user's cache folder, if the user has a home."""

    def ensure_cache_path(self) -> None:
        """Make the folder, or raise OSError, by which numba knows that there can be none."""
        # Of a user without a home numba would make a folder "~", in whatever folder the process works.
        if not Path(self._cache_path).is_absolute():
            raise FileNotFoundError("this user has no home")
        super().ensure_cache_path()  # type: ignore[no-untyped-call]


class _BesideImpl(CompileResultCacheImpl):
    _locator_classes: list[type[object]] = [_BesideLocator]  # noqa: RUF012  declared so by numba


class _WritableImpl(CompileResultCacheImpl):
    _locator_classes: list[type[object]] = [  # noqa: RUF012
        UserProvidedCacheLocator,
        InTreeCacheLocator,
        _HomeLocator,
    ]


class _Beside(FunctionCache):
    _impl_class = _BesideImpl


class _Writable(FunctionCache):
    _impl_class = _WritableImpl


class _Stored(NullCache):
    """Read from both places, write to the second. A cache that fails is none: then it is compiled."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._caches: list[Any] = []
        for kind in (_Beside, _Writable):
            with suppress(RuntimeError, OSError):  # numba found no such place
                self._caches.append(kind(function))

    def load_overload(self, sig: object, target_context: object) -> Any:  # noqa: ANN401 - numba's own
        """The machine code for arguments of these types, or None."""
        for cache in self._caches:
            with suppress(OSError):
                found = cache.load_overload(sig, target_context)
                if found is not None:
                    return found
        return None

    def save_overload(self, sig: object, data: object) -> None:
        """Keep machine code, if there is a place and it is not full."""
        for cache in self._caches:
            if isinstance(cache, _Writable):
                with suppress(OSError):
                    cache.save_overload(sig, data)  # type: ignore[no-untyped-call]
