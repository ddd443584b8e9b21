"""Profiles as bytes: see ``packing``."""

from __future__ import annotations

import struct

from driftline_jobs.profiles.kinds.forms import FORMS, form_of
from driftline_jobs.profiles.packing import framed, unframed
from driftline_jobs.profiles.state import Profile
from driftline_schemas.errors import DataError

_BY_CODE = {form.CODE: form for form in FORMS}


def encode(profile: Profile) -> bytes:
    """The bytes of one profile; equal profiles give equal bytes."""
    form = form_of(profile)
    return framed(form.CODE, form.packed(profile))


def decode(data: bytes) -> Profile:
    """The profile behind ``data``.

    Raises:
        DataError: the bytes are no profile, or one of another format.
    """
    try:
        code, reader = unframed(data)
        profile: Profile = _BY_CODE[code].unpacked(reader)
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise DataError(f"a stored profile of {len(data)} bytes cannot be read: {error}") from error
    return profile
