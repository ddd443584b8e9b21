"""What an alert says in one sentence: what changed, by how much, how sure, since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftline_jobs.detection import verdicts

if TYPE_CHECKING:
    from driftline_jobs.detection.alerts import Finding

ALL = "*"
_SOURCES = {
    verdicts.RULE: "the monitor's rule",
    verdicts.CALIBRATED: "what the reference's windows reach",
    verdicts.BLOCKS: "what the reference's resampled windows reach",
    verdicts.FIXED: "a fixed limit",
    verdicts.FIXED_FEW_WINDOWS: "a fixed limit, the reference having too few windows to learn one",
    verdicts.FIXED_NO_TIMES: "a fixed limit, the reference having no times and so no windows",
    verdicts.FIXED_NO_VALUES: "a fixed limit, the window or the reference having no value of the column",
    verdicts.FIXED_FEW_ROWS: "a fixed limit, the window having too few rows for the learned one",
    verdicts.REFERENCE: "the reference's figure less a margin",
    verdicts.TRIVIAL: "what a model that has learned nothing would get",
    verdicts.DETECTOR: "the limit of the sum over windows",
    verdicts.SUSTAINED: "the reference's figure less half a margin, window after window",
}

_VERBS = {
    "drift": "has drifted",
    "performance": "does worse",
    "estimate": "would be expected to do worse, labels being still to come",
    "quality": "fails a check",
}


def sentence(finding: Finding, *, since: str, windows: int) -> str:
    """For example: ``carrier has drifted: psi 0.31 is above 0.2 (the monitor's rule); since 2013-07-01``."""
    sustained = f", {windows} windows so far" if windows > 1 else ""
    if finding.statement is not None:
        return f"{finding.statement}; since {since}{sustained}"
    parts = [f"{_subject(finding)}: {finding.metric}"]
    if finding.value is not None:
        over = f"over {finding.windows} windows " if finding.windows > 1 else ""
        parts.append(over + number(finding.value))
    if finding.threshold is not None:
        source = _SOURCES.get(finding.threshold_source or "", finding.threshold_source)
        parts.append(
            f"is {finding.direction} {number(finding.threshold)}" + (f" ({source})" if source else "")
        )
    text = " ".join(parts)
    if finding.detail:
        text += f", {finding.detail}"
    if finding.q_value is not None:
        text += f"; of such alarms {_percent(finding.q_value)} at most are false"
    return f"{text}; since {since}{sustained}"


def _subject(finding: Finding) -> str:
    place = finding.place
    column = "the columns together" if finding.topic == "drift" else "the log"
    name = place.column if place.column != ALL else column
    if finding.topic in {"performance", "estimate"}:
        name = "the model"
    where = ""
    if place.segment != ALL:
        where += f" where {place.segment} is {place.segment_value}"
    if place.model_version != ALL:
        where += f" in version {place.model_version}"
    verb = _VERBS[finding.topic]
    if finding.topic == "drift" and place.column == ALL:
        verb = "have drifted"
    return f"{name} {verb}{where}"


def _percent(share: float) -> str:
    return "0.001 %" if share < 1e-5 else f"{100.0 * share:.2g} %"


def number(value: float) -> str:
    """Three significant digits, no exponent for everyday sizes."""
    size = abs(value)
    if size != 0.0 and not 1e-4 <= size < 1e7:
        return f"{value:.2e}"
    if size < 1.0:
        return f"{value:.3g}"
    text = f"{value:,.{max(0, 3 - len(str(int(size))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
