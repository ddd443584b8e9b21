"""The classes that a monitor names, held against those that occur: in a reference, or in a sample of rows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from driftline_schemas.classes import class_text
from driftline_schemas.metrics import Task
from driftline_schemas.monitor import Monitor

_SHOWN = 6
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Occurring:
    """Rows by class, of labels and of predictions, as ``class_text`` writes them; empty where none is known.

    ``where`` is what a message calls the rows: ``in the reference``.
    """

    labels: Counts
    predictions: Counts
    where: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit, with the next step. A fault makes figures wrong: nothing may be published of it."""

    text: str
    is_fault: bool


def misfits(monitor: Monitor, occurring: Occurring) -> list[Misfit]:
    """Every class of the file that does not occur, and every one that occurs and has no place.

    A class that is rare may be missing from the rows: it is a fault only where there is another that could be
    meant, or that would be counted as what it is not.
    """
    if monitor.task is Task.BINARY:
        return list(_binary(monitor, occurring))
    if monitor.task is Task.MULTICLASS and isinstance(monitor.logs.score, Mapping):
        return list(_score_keys(monitor.logs.score, occurring))
    return []


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that is most likely meant: the same but for capitals and spaces, or else the most similar."""
    choices = sorted(names)
    return same_name(name, choices) or next(iter(difflib.get_close_matches(name, choices, n=1)), None)


def same_name(name: str, names: Iterable[str]) -> str | None:
    """One that is the same but for capitals and spaces around it."""
    plain = name.strip().casefold()
    return next((choice for choice in names if choice.strip().casefold() == plain), None)


def listed(counts: Counts) -> str:
    """``'stay' (5,398), 'churn' (3,002)``, the most frequent first."""
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    named = [f"{name!r} ({counts[name]:,})" for name in ordered[:_SHOWN]]
    more = len(ordered) - _SHOWN
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _binary(monitor: Monitor, occurring: Occurring) -> Iterator[Misfit]:
    labels, predictions, where = occurring.labels, occurring.predictions, occurring.where
    positive, said = monitor.positive_class, monitor.positive_prediction
    both = {**predictions, **labels}
    if labels and positive not in labels:
        external = bool(predictions) and said not in predictions and len(both) > 1
        if len(labels) > 1 or external:
            yield Misfit(_positive_label(monitor, labels, where), is_fault=True)
            return
        yield Misfit(
            f"positive_label: none of the labels {where} is {positive!r}, all are {listed(labels)}: figures "
            "of the positive class have nothing to rest on",
            is_fault=False,
        )
    elif labels:
        yield from _third("label", positive, labels, where)
    if not predictions:
        return
    if said in predictions:
        yield from _third("predicted class", said, predictions, where)
        return
    named = monitor.logs.positive_prediction is not None
    strange = bool(labels) and not named and not predictions.keys() <= labels.keys()
    if len(predictions) > 1 or strange:
        yield Misfit(_positive_prediction(monitor, occurring), is_fault=True)


def _positive_label(monitor: Monitor, labels: Counts, where: str) -> str:
    positive = monitor.positive_class
    given = "positive_label" in monitor.model_fields_set
    key = f"positive_label {positive!r}" if given else f"positive_label ({positive!r} where none is given)"
    step = _name_it("positive_label", positive, labels)
    return f"{key} is none of the labels {where}: they are {listed(labels)}. {step}"


def _positive_prediction(monitor: Monitor, occurring: Occurring) -> str:
    said, predictions = monitor.positive_prediction, occurring.predictions
    found = f"predicted {occurring.where}: these are {listed(predictions)}"
    if monitor.logs.positive_prediction is not None:
        step = _name_it("logs.positive_prediction", said, predictions)
        return f"logs.positive_prediction {said!r} is never {found}. {step}"
    step = _name_it("logs.positive_prediction", said, predictions)
    if not occurring.labels:
        step += ", or positive_label where labels are called the same"
    return f"positive_label {said!r} is never {found}. {step}"


def _name_it(key: str, name: str, counts: Counts) -> str:
    near = nearest(name, counts)
    if near is not None:
        return f"Did you mean {key}: {near!r}?"
    rarest = min(counts, key=lambda text: (counts[text], text))
    return f"Name the one that is positive, such as {key}: {rarest!r}"


def _third(what: str, positive: str, counts: Counts, where: str) -> Iterator[Misfit]:
    others = {name: count for name, count in counts.items() if name != positive}
    if len(others) > 1:
        yield Misfit(
            f"a {what} of a binary task is {positive!r} or the one that is not, but {where} there are "
            f"{listed(others)}, which all count as negative: leave out rows that are neither, or make the "
            f"task a {Task.MULTICLASS.value}",
            is_fault=False,
        )


def _score_keys(scores: Mapping[str, str], occurring: Occurring) -> Iterator[Misfit]:
    there = {
        name: occurring.labels.get(name, 0) + occurring.predictions.get(name, 0)
        for name in {**occurring.labels, **occurring.predictions}
    }
    if not there:
        return
    scored = {class_text(name) for name in scores}
    without_score = {name: count for name, count in there.items() if name not in scored}
    absent = [name for name in scores if name not in there]
    for name in absent:
        near = nearest(name, without_score)
        hint = f"Did you mean {near!r}?" if near else "Is it called otherwise there?"
        yield Misfit(
            f"logs.score: the class {name!r} is no label and no prediction {occurring.where}: they are "
            f"{listed(there)}. {hint}",
            is_fault=len(absent) == len(scores) or same_name(name, without_score) is not None,
        )
    if without_score and not absent:
        yield Misfit(
            f"logs.score: {occurring.where} there are classes without a score: {listed(without_score)}. Name "
            "their columns: where labels are of such a class, there is no log loss",
            is_fault=False,
        )
