"""What a reviewer says of single requirements and of the whole, before it becomes a review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from assessments.enums import Verdict


class RemarkGiven(NamedTuple):
    """What is said of one requirement. In a draft the verdict may still be open: an empty string."""

    verdict: str
    text: str = ""


class Judgement(NamedTuple):
    """A whole review as it is sent: a requirement without a remark shares the overall acceptance."""

    verdict: Verdict
    comment: str
    remarks: Mapping[int, RemarkGiven]


def to_json(remarks: Mapping[int, RemarkGiven]) -> dict[str, dict[str, str]]:
    """For a draft's JSON field; what says nothing is left out."""
    return {str(pk): remark._asdict() for pk, remark in remarks.items() if any(remark)}


def from_json(stored: Mapping[str, Any]) -> dict[int, RemarkGiven]:
    return {int(pk): RemarkGiven(**remark) for pk, remark in stored.items()}


class Tally(NamedTuple):
    """How far the reviewer has come, in requirements."""

    total: int
    accepted: int
    returned: int
    commented: int

    @property
    def judged(self) -> int:
        return self.accepted + self.returned

    @property
    def open(self) -> int:
        return self.total - self.judged


def tally(requirements: Iterable[int], remarks: Mapping[int, RemarkGiven]) -> Tally:
    """Of the requirements with these ids."""
    found = [remarks.get(pk, RemarkGiven("")) for pk in requirements]
    verdicts = [remark.verdict for remark in found]
    return Tally(
        total=len(found),
        accepted=verdicts.count(Verdict.ACCEPTED),
        returned=verdicts.count(Verdict.RETURNED),
        commented=sum(bool(remark.text) for remark in found),
    )
