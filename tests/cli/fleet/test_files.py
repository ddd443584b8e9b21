"""Which files are meant by files and folders on a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftline_jobs.cli.fleet.files import monitor_files
from driftline_schemas.errors import ConfigError


def test_a_folder_means_its_files_but_for_settings_and_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "_airflow.yaml", ".draft.yaml", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "deeper.yaml").mkdir()
    assert monitor_files([tmp_path]) == [tmp_path / "a.yml", tmp_path / "b.yaml"]


def test_each_file_once_in_the_order_given(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.touch()
    second.touch()
    missing = tmp_path / "missing.yaml"
    assert monitor_files([second, tmp_path, missing]) == [second, first, missing]


def test_a_folder_without_monitors_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no monitor file in the folder"):
        monitor_files([tmp_path])
