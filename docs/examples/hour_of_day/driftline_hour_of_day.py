"""The hour of day as a kind of column: of times, which move on with every window, only the hour is watched.

features:
  hour_of_day: [ordered_at]
"""

import pyarrow as pa
import pyarrow.compute as pc

from driftline_jobs.profiles.kinds.registry import ColumnKind
from driftline_schemas.column_kinds import Form, KindSpec
from driftline_schemas.serving_log import Storage


def hour_of_day(times: pa.Array) -> pa.Array:
    """From 0 to 23, in the zone that the times are in; a date has none."""
    return pc.hour(times)


KIND = ColumnKind(
    KindSpec(
        "hour_of_day",
        "Hours of day",
        "Of times the hour, from 0 to 23: when things happen, whatever the date.",
        Form.ORDERED,
        takes=(Storage.DATETIME,),
        measured="hour",
    ),
    convert=hour_of_day,
)
