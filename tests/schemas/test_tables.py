"""The definitions say what the design says, completely."""

from __future__ import annotations

import pyarrow as pa
import pytest

from driftline_schemas.table_definitions import ColumnType, load_tables

COMMON = "monitor, window_start, window_end, granularity, model_version, segment, segment_value, run_id"

# Written out here a second time on purpose: these columns are public, in this order.
CONTRACT = {
    "runs": (
        "run_id, monitor, window_start, window_end, granularity, part, status, as_of, published_at, "
        "superseded_at, engine, code_version, config_hash, reference_id, binning_id, started_at, "
        "finished_at, rows_read, rows_quarantined, bytes_read, labels_matched, cpu_seconds, "
        "wall_seconds, peak_memory_bytes, error_kind, error, configuration"
    ),
    "run_inputs": (
        "run_id, role, uri, etag, size_bytes, rows, rows_matched, min_timestamp, max_timestamp, state, reason"
    ),
    "profile_metrics": (
        f"{COMMON}, column_name, column_kind, count, nulls, nans, infinities, zeros, distinct_count, "
        "mean, stddev, min, max, p01, p05, p25, p50, p75, p95, p99, top_values"
    ),
    "drift_metrics": (
        f"{COMMON}, column_name, column_kind, comparison, metric, value, value_debiased, lower_bound, "
        "upper_bound, p_value, q_value, threshold, threshold_source, drifted, n_current, n_reference, "
        "reference_id, status, reason"
    ),
    "quality_metrics": (f"{COMMON}, column_name, check_name, value, expected, passed"),
    "performance_metrics": (
        f"{COMMON}, metric, kind, class_label, value, ci_low, ci_high, error_bound, n, label_coverage, "
        "is_final, reference_value, trivial_value, threshold, threshold_source, degraded, status, "
        "reason, windows"
    ),
    "attributions": (f"{COMMON}, metric, column_name, mix, rate, share, n, rank"),
    "alerts": (
        f"{COMMON}, alert_id, column_name, metric, severity, state, first_window, last_window, evidence, "
        "value, threshold, sentence"
    ),
    "impacts": (
        f"{COMMON}, column_name, metric, class_label, value, reference_value, reference_stddev, noise, "
        "importance, unknown_share, n, reference_id, status, reason"
    ),
    "incidents": (
        f"{COMMON}, incident_id, state, severity, topic, certain, headline, cause, first_window, "
        "last_window, columns, alerts, impact, owner, evidence"
    ),
    "messages": ("monitor, granularity, window_start, message_id, incident_id, change, channel, sent_at"),
}
OWN = {
    "alert_actions",
    "binnings",
    "calibrations",
    "fold_states",
    "performance_curves",
    "profiles",
    "reference_sets",
}


@pytest.mark.parametrize("name", CONTRACT)
def test_a_table_of_the_contract_has_its_columns_in_their_order(name: str) -> None:
    assert ", ".join(load_tables()[name].column_names) == CONTRACT[name]


def test_there_are_no_other_tables() -> None:
    assert set(load_tables()) == CONTRACT.keys() | OWN


def test_every_table_and_column_is_explained() -> None:
    for table in load_tables().values():
        assert table.grain.startswith("one row per ")
        assert table.about.endswith(".")
        assert len(table.queries) == 3
        assert set(table.key) <= set(table.column_names)
        assert len(set(table.column_names)) == len(table.column_names)
        for column in table.columns:
            assert column.meaning.rstrip("'\"").endswith("."), (table.name, column.name)
            if column.type is ColumnType.TIMESTAMP:
                assert column.unit == "UTC", (table.name, column.name)


def test_arrow_schema_follows_the_columns() -> None:
    schema = load_tables()["drift_metrics"].arrow_schema()
    assert schema.field("window_start") == pa.field("window_start", pa.timestamp("us", "UTC"), nullable=False)
    assert schema.field("value") == pa.field("value", pa.float64())
    assert schema.field("n_current") == pa.field("n_current", pa.int64())
    assert schema.field("drifted") == pa.field("drifted", pa.bool_())
    assert load_tables()["profiles"].arrow_schema().field("state").type == pa.binary()


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(KeyError, match="runs has no column 'colour'"):
        load_tables()["runs"].column("colour")


def test_the_definitions_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        load_tables()["other"] = load_tables()["runs"]  # type: ignore[index]
