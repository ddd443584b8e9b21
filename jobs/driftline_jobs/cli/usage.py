"""What a mistyped command line is answered."""

from __future__ import annotations

import typer


def explain_usage_error(error: typer.TyperException) -> str:
    """The message of ``error``, what was probably meant, and where the help is: whole lines, or none."""
    # These attributes are typer's own, on exceptions it does not export: absent, they cost the hint alone.
    meant: list[str] = getattr(error, "possibilities", None) or []
    message = (
        f"{error.message}. Did you mean {' or '.join(sorted(meant))}?" if meant else error.format_message()
    )
    if not message:
        return ""  # Nothing was asked for, so the help was shown: there is no more to say.
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "driftline"
    return f"error: {message}\nSee: {command} --help\n"
