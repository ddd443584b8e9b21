"""Functions compiled to machine code by numba, the result kept beside their file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import types
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
        if Path(__file__).is_file():
            try:
                return cast("F", numba.njit(signature, cache=True, **_OPTIONS)(function))
            except RuntimeError:  # numba found no place to keep it
                pass
        return cast("F", numba.njit(signature, **_OPTIONS)(function))

    return compile_


def inner(function: F) -> F:
    """Compile a function into those that call it."""
    return cast("F", numba.njit(**_OPTIONS)(function))
