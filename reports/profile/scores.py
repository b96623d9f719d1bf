"""Scores by cycle, and where the institution stands among its kind.

Of others the institution's own people learn no more than on the comparison page; ranks are for supervisors, over
institutions that they see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from assessments.enums import SelfAssessmentState
from assessments.scores import rounded
from reports.comparison import MOST_CYCLES, Standing, compare, standings
from reports.profile.seen import Seen
from reports.progress.of_institution import BesideMedian, Change, Place, beside_median, latest_change, place_among
from reports.score_charts import Band, PointChart, band_chart, point_chart


class Row(NamedTuple):
    """A line of the comparison with its drawing."""

    score: BesideMedian
    band: Band


class Rank(NamedTuple):
    label: str
    place: Place
    url: str


@dataclass(frozen=True)
class Scores:
    """`compared` is the version beside others: the one accepted last, else the one signed last."""

    latest: Change
    points: PointChart
    compared: Standing
    whole: Row
    themes: list[Row]
    is_accepted: bool
    ranks: list[Rank]
    url: str

    @property
    def has_others(self) -> bool:
        return self.whole.score.line.others is not None

    @property
    def weakest(self) -> BesideMedian | None:
        """The theme that is furthest below the median; None where none is."""
        first = self.themes[0].score if self.themes else None
        return first if first and first.difference is not None and first.difference < 0 else None

    @property
    def quarter(self) -> str:
        """Where the whole score lies between the quartiles of others, as both are printed."""
        own, others = self.whole.score.line.own, self.whole.score.line.others
        if own is None or others is None:
            return ""
        if rounded(own) >= others.high:
            return _("前四分之一")
        if rounded(own) >= others.median:
            return _("中位数以上")
        return _("中位数以下") if rounded(own) > others.low else _("后四分之一")


def scores_of(seen: Seen) -> Scores | None:
    """None before anything was signed."""
    found = [standing for standing in standings(seen.self_assessments, seen.until) if standing.whole is not None]
    latest = latest_change(found)
    if latest is None:
        return None
    compared = next((standing for standing in reversed(found) if _is_accepted(seen, standing)), found[-1])
    alike = [s for s in found if s.cycle.plan_id == compared.cycle.plan_id][-MOST_CYCLES:]
    whole, *themes = compare(compared, seen.institution, seen.until)
    lines = [*beside_median([whole]), *beside_median(themes)]
    rows = [Row(*pair) for pair in zip(lines, band_chart([line for line, _difference in lines]).bands, strict=True)]
    return Scores(
        latest=latest,
        points=point_chart(alike),
        compared=compared,
        whole=rows[0],
        themes=rows[1:],
        is_accepted=_is_accepted(seen, compared),
        ranks=_ranks(seen, compared),
        url=_address(seen, compared),
    )


def _is_accepted(seen: Seen, standing: Standing) -> bool:
    signed = standing.self_assessment
    is_judged = signed.reviewed_at and (seen.until is None or signed.reviewed_at < seen.until)
    return bool(is_judged) and signed.state == SelfAssessmentState.ACCEPTED


def _ranks(seen: Seen, compared: Standing) -> list[Rank]:
    if not seen.is_supervising or not _is_accepted(seen, compared) or compared.whole is None:
        return []
    institution = seen.institution
    of_kind = seen.scores_of_scope.accepted_in(compared.cycle, seen.until).filter(
        self_assessment__institution__kind=institution.kind
    )
    of_region = of_kind.filter(self_assessment__institution__region=institution.region)
    everywhere, nearby = place_among(of_kind, compared.whole), place_among(of_region, compared.whole)
    ranks = [Rank(_("同类机构"), everywhere, _ranking(seen, compared))]
    if nearby.of < everywhere.of:
        url = _ranking(seen, compared, region=institution.region.code)
        ranks.append(Rank(_("同地区同类机构"), nearby, url))
    return ranks


def _ranking(seen: Seen, compared: Standing, **filters: str) -> str:
    """The list that the rank is of; of a past day there is none."""
    if seen.until:
        return ""
    query = {"cycle": compared.cycle.pk, "kind": seen.institution.kind, **filters}
    return f"{reverse('scores:ranking')}?{urlencode(query)}"


def _address(seen: Seen, compared: Standing) -> str:
    """The page on which institutions, or one's own institution, are compared at length."""
    if seen.is_supervising or seen.until:
        return _ranking(seen, compared)
    return f"{reverse('scores:comparison')}?{urlencode({'cycle': compared.cycle.pk})}"
