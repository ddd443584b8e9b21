"""Checks that count what a window or its reference lost, and what is said of each in a sentence.

What is no loss, but lies elsewhere than it may be looked for, is counted the same way.
"""

from __future__ import annotations

from typing import Final

REFERENCE_FILLED: Final = "reference_windows_with_rows"
REFERENCE_OBJECTS: Final = "reference_objects_set_aside"
REFERENCE_ROWS: Final = "reference_rows_set_aside"
UNREADABLE_TIMES: Final = "unreadable_label_times"
_OF_LABELS: Final = "label_"

PASSED_OVER: Final[dict[str, tuple[str, str]]] = {
    "hidden_paths": ("hidden path", "hidden paths"),
    "objects_not_parquet": ("object that is not Parquet", "objects that are not Parquet"),
    "links_outside": ("link that leads out or nowhere", "links that lead out or nowhere"),
    "not_files": ("path that is no file", "paths that are no files"),
}
"""Paths below a log's folder that are not read: the check that counts them, and one and several of them."""
LABELS_PASSED_OVER: Final = {f"{_OF_LABELS}{name}": words for name, words in PASSED_OVER.items()}
"""The same below the labels' folder."""
SET_ASIDE: Final[dict[str, tuple[str, str]]] = {
    "rows_without_time": ("row without a time", "rows without a time"),
    "rows_beyond_lateness": ("row too far from its folder's time", "rows too far from their folder's time"),
    UNREADABLE_TIMES: ("label whose time cannot be read", "labels whose time cannot be read"),
}
"""Rows that are in no window, and labels that are none."""
MOVED: Final[dict[str, tuple[str, str]]] = {
    "rows_from_other_folders": (
        "row lies in the folder of another window",
        "rows lie in the folders of other windows",
    ),
    "rows_in_other_windows": (
        "row in its folders belongs to another window",
        "rows in its folders belong to other windows",
    ),
}
"""Rows that count in the window of their time, which is not that of their folder."""


def of_labels(check: str) -> str:
    """The check that counts below the labels' folder what ``check`` counts below the log's."""
    return f"{_OF_LABELS}{check}"


def counted(words: dict[str, tuple[str, str]], name: str, count: int) -> str:
    """What is counted by a check, after its number."""
    return words[name][count != 1]
