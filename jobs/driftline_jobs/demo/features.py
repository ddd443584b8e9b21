"""What a planner knows about a flight two hours before it is due to leave, and how it ended.

Nothing here looks past the moment of the request: the weather is the last observation before it, and the
airport's recent delay is that of flights which had already left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from driftline_jobs.demo.flights import Flights

REQUESTED_BEFORE = pd.Timedelta(hours=2)
RECENT = pd.Timedelta(hours=2)
LATE_MINUTES = 15
# The label job runs once a day, at noon, for the flights requested on the day before.
LABEL_HOUR = pd.Timedelta(hours=12)

CATEGORICAL = ("carrier", "origin", "destination", "day_of_week", "manufacturer")
NUMERIC = (
    "distance",
    "departure_hour",
    "arrival_hour",
    "departures_in_hour",
    "recent_delay",
    "aircraft_age",
    "seats",
    "temperature",
    "dew_point",
    "humidity",
    "wind_direction",
    "wind_speed",
    "wind_gust",
    "precipitation",
    "pressure",
    "visibility",
)

_WEATHER = {
    "temp": "temperature",
    "dewp": "dew_point",
    "humid": "humidity",
    "wind_dir": "wind_direction",
    "wind_speed": "wind_speed",
    "wind_gust": "wind_gust",
    "precip": "precipitation",
    "pressure": "pressure",
    "visib": "visibility",
}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def flight_requests(source: Flights) -> pd.DataFrame:
    """One row per flight, ordered by ``requested_at``, then ``request_id``.

    Columns: ``requested_at`` and ``labelled_at`` (UTC, microseconds; ``labelled_at`` missing where no label
    ever comes), ``request_id`` (unique), ``tail_number``, the features of ``CATEGORICAL`` (text) and
    ``NUMERIC``, and ``arrived_late``: 1, 0, or missing for a flight that was diverted or cancelled.
    """
    flights = source.flights
    day = pd.to_datetime(flights[["year", "month", "day"]])
    scheduled = flights["time_hour"] + pd.to_timedelta(flights["minute"], unit="min")
    requested = scheduled - REQUESTED_BEFORE
    flight = flights["carrier"] + flights["flight"].astype(str)
    requests = pd.DataFrame(
        {
            "requested_at": requested.astype("datetime64[us, UTC]"),
            "request_id": day.dt.strftime("%Y-%m-%d/") + flight + "/" + flights["origin"],
            "tail_number": flights["tailnum"],
            "carrier": flights["carrier"],
            "origin": flights["origin"],
            "destination": flights["dest"],
            "day_of_week": np.array(_WEEKDAYS)[day.dt.dayofweek],
            "distance": flights["distance"].astype("int32"),
            "departure_hour": _hours(flights["sched_dep_time"]),
            "arrival_hour": _hours(flights["sched_arr_time"]),
            "departures_in_hour": flights.groupby(["origin", "time_hour"])["flight"]
            .transform("size")
            .astype("int32"),
            "recent_delay": _recent_delay(flights, scheduled, requested),
            "arrived_late": (flights["arr_delay"] > LATE_MINUTES)
            .astype("Int8")
            .mask(flights["arr_delay"].isna()),
            "labelled_at": _labelled_at(flights, scheduled, requested),
        }
    )
    requests = _with_aircraft(requests, source.planes)
    requests = _with_weather(requests, source.weather)
    return requests.sort_values(["requested_at", "request_id"], ignore_index=True)


def _hours(clock: pd.Series[Any]) -> pd.Series[Any]:
    """Turn a clock reading such as 1530 into hours of the day, 15.5."""
    return clock // 100 + clock % 100 / 60


def _recent_delay(
    flights: pd.DataFrame, scheduled: pd.Series[Any], requested: pd.Series[Any]
) -> npt.NDArray[np.float64]:
    """Mean departure delay, in minutes, of the flights that left the airport ``RECENT`` before the request.

    Missing where fewer than three left. Single delays are bounded, so that one stranded aircraft does not
    stand for an airport.
    """
    departed = scheduled + pd.to_timedelta(flights["dep_delay"], unit="min")
    recent = np.full(len(flights), np.nan)
    for rows in flights.groupby("origin").indices.values():
        left = departed.iloc[rows].dropna().sort_values(kind="stable")
        delays = flights["dep_delay"].loc[left.index].clip(-30, 180).to_numpy(np.float64)
        before = np.concatenate(([0.0], np.cumsum(delays)))
        times = _microseconds(left)
        asked = _microseconds(requested.iloc[rows])
        last = np.searchsorted(times, asked)
        first = np.searchsorted(times, asked - RECENT // pd.Timedelta(microseconds=1))
        count = last - first
        recent[rows] = np.where(count >= 3, (before[last] - before[first]) / np.maximum(count, 1), np.nan)
    return recent


def _microseconds(times: pd.Series[Any]) -> npt.NDArray[np.int64]:
    return times.astype("datetime64[us, UTC]").to_numpy("datetime64[us]").astype(np.int64)


def _labelled_at(
    flights: pd.DataFrame, scheduled: pd.Series[Any], requested: pd.Series[Any]
) -> pd.Series[Any]:
    """Noon of the day after the request, or the first after the landing; missing for cancelled flights."""
    in_air = flights["air_time"].fillna(flights["air_time"].max())
    landed = scheduled + pd.to_timedelta(flights["dep_delay"] + in_air, unit="min")
    next_noon = requested.dt.floor("D") + pd.Timedelta(days=1) + LABEL_HOUR
    noon_after_landing = (landed - LABEL_HOUR).dt.ceil("D") + LABEL_HOUR
    labelled = next_noon.where(next_noon >= noon_after_landing, noon_after_landing)
    return pd.Series(labelled.where(flights["dep_time"].notna()), dtype="datetime64[us, UTC]")


def _with_aircraft(requests: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    aircraft = pd.DataFrame(
        {
            "tail_number": planes["tailnum"],
            "manufacturer": planes["manufacturer"],
            "aircraft_age": (2013 - planes["year"]).astype("Int16"),
            "seats": planes["seats"].astype("Int16"),
        }
    )
    return requests.merge(aircraft, on="tail_number", how="left", validate="many_to_one")


def _with_weather(requests: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    observed = weather[["origin", *_WEATHER]].rename(columns=_WEATHER)
    observed["hour"] = weather["time_hour"].astype("datetime64[us, UTC]")
    hour = requests["requested_at"].dt.floor("h")
    joined = requests.assign(hour=hour).merge(
        observed, on=["origin", "hour"], how="left", validate="many_to_one"
    )
    return joined.drop(columns="hour")
