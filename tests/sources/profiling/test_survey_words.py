"""The words of a reference: counted in any parts and order, and no more of them than are kept."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from driftline_jobs.profiles.columns.arrays import hash_texts
from driftline_jobs.sources.profiling import survey_words
from driftline_jobs.sources.profiling.survey_words import PASSED_OVER, WordCounts, count_words, merge_words


def drawn(rows: int = 300) -> tuple[list[str | None], list[int]]:
    random = np.random.default_rng(5)
    words = [f"w{at}" for at in range(200)]
    texts = [" ".join(random.choice(words, random.integers(0, 6)).tolist()) for _ in range(rows)]
    return [None if random.random() < 0.05 else text for text in texts], random.integers(0, 9, rows).tolist()


def parts(texts: list[str | None], windows: list[int], at: list[int]) -> list[WordCounts]:
    bounds = [0, *at, len(texts)]
    return [
        count_words(pa.array(texts[a:b], pa.string()), None, np.array(windows[a:b], np.int64))
        for a, b in pairwise(bounds)
    ]


def plain(found: WordCounts) -> list[tuple[int, int, int, int]]:
    columns = (found.hashes, found.counts, found.first, found.last)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_words_are_counted_with_the_windows_that_have_them() -> None:
    texts, windows = drawn()
    by_hand: dict[str, list[int]] = {}
    for text, window in zip(texts, windows, strict=True):
        for word in (text or "").split():
            by_hand.setdefault(word, []).append(window)
    expected = sorted(
        (int(key), len(seen), min(seen), max(seen))
        for key, seen in zip(hash_texts(list(by_hand)).tolist(), by_hand.values(), strict=True)
    )
    (whole,) = parts(texts, windows, [])
    assert plain(whole) == expected
    known = [text for text in texts if text is not None]
    assert whole.texts == sum(bool(text) for text in known)
    assert whole.several == sum(" " in text for text in known)
    assert dict(zip(whole.sizes.tolist(), whole.size_counts.tolist(), strict=True)) == Counter(
        map(len, known)
    )


@pytest.mark.parametrize("most", [50, 1 << 18])
def test_parts_in_any_order_are_the_whole(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_words, "MOST_WORDS", most)
    texts, windows = drawn()
    (whole,) = parts(texts, windows, [])
    several = parts(texts, windows, [7, 100, 101, 250])
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1]):
        merged = merge_words([several[at] for at in order])
        first = merge_words([several[at] for at in order[:2]])
        nested = merge_words([first, *(several[at] for at in order[2:])])
        for found in (merged, nested):
            assert plain(found) == plain(whole)
            assert (found.full, found.texts, found.several) == (most == 50, whole.texts, whole.several)
    distinct = {word for text in texts if text for word in text.split()}
    assert len(whole.hashes) == min(most, len(distinct))


def test_a_part_that_was_passed_over_leaves_no_words_to_compare_with() -> None:
    texts, windows = drawn()
    (whole,) = parts(texts, windows, [])
    assert whole.complete
    assert not merge_words([whole, PASSED_OVER]).complete
    assert not count_words(pa.array([1, 2]), None, np.zeros(2, np.int64)).complete


def test_marks_at_the_ends_and_capitals_make_no_other_word() -> None:
    found = count_words(pa.array(["Hello, (hello) HELLO! - e.g. e.g"]), None, np.zeros(1, np.int64))
    assert sorted(found.counts.tolist()) == [2, 3]
