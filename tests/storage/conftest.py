"""The S3 server of the tests of sources."""

from __future__ import annotations

from tests.sources.conftest import s3, s3_server

__all__ = ["s3", "s3_server"]
