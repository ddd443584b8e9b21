"""What keeps a window's labels from its predictions, in words, with the next step."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from driftline_reports import formats, matching
from driftline_reports.context import Cited, Context
from driftline_reports.matching import Apart
from driftline_reports.names import visible
from driftline_reports.queries import Query
from driftline_reports.view_model import Figure, Sentence
from driftline_schemas.monitor import LabelSource

Row = Mapping[str, Any]
_CANNOT: Final = "labels cannot be matched with predictions: "
_NOBODY: Final = Figure(formats.ABSENT)
_DUE: Final = "no prediction of this window has a label, though they are due"
_FLOAT: Final = "have ids that a float may have rounded"
_AROUND: Final = " \t\r\n\"'{}"
_UUID: Final = 36
_LONGEST: Final = 80
_STEPS: Final[Mapping[Apart, str]] = {
    Apart.REPEATED: "let logs.prediction_id name a column that differs for every prediction",
    Apart.UNLIKE: "write ids alike in the log and among the labels",
    Apart.EARLY: "let labels.timestamp be when the outcome became known, and mind the zones",
    Apart.UNREADABLE_TIMES: "give every label a time, in the unit that its type says, "
    "or name no labels.timestamp",
    Apart.UNREADABLE: "put their objects right; the inputs of the run say why they could not be read",
    Apart.INEXACT: "write ids as integers or as text",
    Apart.INEXACT_LABELS: "write ids as integers or as text",
    Apart.NO_VALUES: "see whether labels.label names the column of outcomes",
    Apart.CONFLICTING: "let labels.timestamp tell which label of a prediction is the newest",
}


@dataclass(frozen=True, slots=True)
class LabelJoin:
    """Why nobody knows whether the model held: ``fact`` as part of a sentence, ``step`` as one or two."""

    fact: Sentence
    step: Sentence

    @property
    def opening(self) -> Sentence:
        """The fact with which a sentence begins."""
        first, *others = self.fact
        return (f"{first[:1].upper()}{first[1:]}" if isinstance(first, str) else first, *others)


def build(context: Context, query: Query) -> LabelJoin | None:
    """What is wrong between the labels and the predictions of the window; None where nothing is.

    ``query`` is the one that reads the window's checks.
    """
    reason = context.this.apart
    if reason is None:
        return None
    rows = context.selection.rows("quality_metrics", window=context.window.start, whole=True)
    found = {row["check_name"]: row for row in rows if row["check_name"] in matching.CHECKS}
    figures = {name: Cited(row, query)("value", formats.count) for name, row in found.items()}
    fact = _fact(context, reason, found, figures, query)
    return LabelJoin(fact, (f"Next step: {_step(context, reason)}.",))


def _fact(  # noqa: C901, PLR0911 - one sentence a case
    context: Context, reason: Apart, found: Mapping[str, Row], figures: Mapping[str, Figure], query: Query
) -> Sentence:
    figure = figures.get(reason.value, _NOBODY)
    if reason is Apart.REPEATED:
        check = found.get(matching.REPEATED)
        if check is None or not check["value"]:
            return (f"{_CANNOT}their ids come again in other windows",)
        opening = _CANNOT if _left_out(context) else "labels may be about other predictions: "
        return (opening, figure, " predictions have ids that earlier windows had")
    if reason is Apart.UNLIKE:
        return (f"{_CANNOT}their ids differ in {_differences(found[matching.UNLIKE])}",)
    if reason is Apart.EARLY:
        return (_CANNOT, figure, " of them are older than what they are about")
    if reason is Apart.UNREADABLE_TIMES:
        return (_CANNOT, "the times of ", figure, " of them cannot be read")
    if reason is Apart.UNREADABLE:
        are = "is" if figure.value == 1 else "are"
        return ("labels could not be read: ", figure, f" of their objects {are} set aside")
    if reason is Apart.NO_VALUES:
        return (_CANNOT, figure, " of them are no value of the task")
    if reason is Apart.CONFLICTING:
        return (_CANNOT, figure, " of these have labels that contradict each other")
    if reason is Apart.INEXACT_LABELS:
        return (_CANNOT, figure, f" labels {_FLOAT}")
    if reason is Apart.INEXACT:
        return (_CANNOT, figure, f" of these {_FLOAT}")
    if reason is Apart.UNMATCHED:
        return (
            "no label matches a prediction of this window: of ",
            figure,
            " that could be about it, none is",
        )
    check = found.get(matching.COVERAGE)
    if check is None or not check["value"]:
        return (_DUE,)
    least, _ = matching.limits_of(check["expected"])
    share = Cited(check, query)("value", formats.percent)
    expected = "" if least is None else f", at least {formats.percent(least)} of them should by now"
    return ("only ", share, f" of the predictions have a label{expected}")


def _left_out(context: Context) -> bool:
    start = context.window.start
    return bool(
        context.selection.rows("performance_metrics", window=start, whole=True, status=matching.LEFT_OUT)
    )


def _step(context: Context, reason: Apart) -> str:
    arrive = "see whether labels still arrive"
    labels, logs = context.monitor.labels, context.monitor.logs
    if reason in _STEPS:
        return _STEPS[reason]
    if not isinstance(labels, LabelSource):
        return "see whether the log still has labels in their column"
    label_id, ours = visible(labels.prediction_id), visible(str(logs.prediction_id))
    same = f"whether labels.prediction_id ({label_id}) and logs.prediction_id ({ours}) hold the same ids"
    return f"{arrive}, and {same}"


def expected(check: Row) -> str:
    """What a check of ids expects, with its example; empty if it has none, or is another check."""
    example = _example(check) if check["check_name"] == matching.UNLIKE else None
    if example is None:
        return ""
    _, most = matching.limits_of(check["expected"])
    limit = "" if most is None else f"at most {_limit(most)}, "
    return f"{limit}not {_quoted(*example)}"


def _limit(most: float) -> str:
    return formats.count(most) if float(most).is_integer() else formats.number(most)


def _quoted(prediction: str, label: str) -> str:
    logged, labelled = (visible(text, _LONGEST) for text in (prediction, label))
    return f"“{logged}” in the log and “{labelled}” among the labels"


def _example(check: Row) -> tuple[str, str] | None:
    """The id of a prediction and that of its label; None if there is no such."""
    try:
        found = json.loads(check["expected"] or "null")
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    prediction, label = found.get("prediction_id"), found.get("label_id")
    return (prediction, label) if isinstance(prediction, str) and isinstance(label, str) else None


def _differences(check: Row) -> str:
    example = _example(check)
    if example is None:
        return "how they are written"
    return f"{differences(*example)}, for example {_quoted(*example)}"


def differences(prediction: str, label: str) -> str:
    """In what two ids differ that are the same but for how they are written."""
    needed = [
        what for what in _SAME_AS if _written(prediction, without=what) != _written(label, without=what)
    ]
    same = _written(prediction) == _written(label)
    return " and ".join(needed) if same and needed else "how they are written"


def _written(text: str, without: str = "") -> str:
    """As ids are compared, but for one of the ways in which they may be written."""
    for what, plain in _SAME_AS.items():
        text = text if what == without else plain(text)
    return text


def _whole(text: str) -> str:
    whole, point, zeros = text.rpartition(".")
    return whole if point and whole and zeros and not zeros.strip("0") else text


def _bare(text: str) -> str:
    parts = [len(part) for part in text.split("-")]
    return text.replace("-", "") if len(text) == _UUID and parts == [8, 4, 4, 4, 12] else text


_SAME_AS: Final[Mapping[str, Callable[[str], str]]] = {
    "blanks, quotes or braces around them": lambda text: text.strip(_AROUND),
    "the type, of which one is a float": _whole,
    "capitals": str.lower,
    "hyphens": _bare,
    "zeros in front": lambda text: text.lstrip("0"),
}
"""The ways in which ids may be written, in the order in which the join sees through them."""
