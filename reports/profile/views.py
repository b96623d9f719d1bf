"""The page of one institution."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from plan.models import Plan
from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.accounts.models import Institution
from reports.comparison import COMPARISON_RULE, MIN_OTHERS
from reports.profile.correspondence import correspondence
from reports.profile.forms import ProfileForm
from reports.profile.open_items import open_items
from reports.profile.past import past_of
from reports.profile.people import people_of
from reports.profile.scores import Scores, scores_of
from reports.profile.seen import Seen
from reports.profile.then import SeenThen
from reports.profile.work import work_of
from reports.progress import ACCEPTED_SHARE_RULE, OVERDUE_RULE, of_institution, plan_in_force
from vault.models import LegalHold

FILES_SHOWN = 5


@require_safe
@requires(Permission.SUPERVISE, Permission.SIGN, Permission.MANAGE_PEOPLE)
def institution(request: HttpRequest, pk: int) -> HttpResponse:
    """For supervisors, and for the CIO and the liaison of the institution; a contributor sees no people elsewhere."""
    membership = request.membership
    rows = Institution.objects.visible_to(request.user, membership).select_related("region")
    shown = get_object_or_404(rows, pk=pk)
    form = ProfileForm(request.GET)
    day = form.past_day or timezone.localdate()
    plan = plan_in_force(Plan.objects.visible_to(request.user), day)
    seen = (SeenThen if form.past_day else Seen)(shown, request.user, membership, plan, day)
    files, scores = of_institution.files_of(seen.evidence), scores_of(seen)
    context = {
        "institution": shown,
        "form": form,
        "plan": plan,
        "day": day,
        "known_on": form.past_day,
        "as_today": _("现在的情况") if form.past_day else "",
        "people": people_of(seen),
        "work": work_of(seen, plan, files) if plan else None,
        "scores": scores,
        "rectification_tally": seen.rectification_tally(),
        "open_items": open_items(seen),
        "past": past_of(seen),
        "files": files,
        "without_files": of_institution.without_files(seen.assignments, seen.evidence, plan=plan) if plan else 0,
        "newest_files": seen.evidence.select_related("assignment__task").order_by("-uploaded_at")[:FILES_SHOWN],
        "correspondence": correspondence(seen),
        "urls": _urls(seen, scores),
        "rules": _rules(seen),
        "min_others": MIN_OTHERS,
        **_supervising(request, shown),
    }
    return render(request, "reports/profile/page.html", context)


def _urls(seen: Seen, scores: Scores | None) -> dict[str, str]:
    """The full lists behind the sections; `comments` is where all that was said of requirements is read."""
    return {
        "tasks": seen.tasks_url(),
        "overdue": seen.tasks_url(overdue=1),
        "accepted": seen.tasks_url(state="accepted"),
        "submitted": seen.tasks_url(state="submitted"),
        "rectifications": seen.listed("assessments:rectifications"),
        "self_assessments": seen.listed("assessments:list"),
        "requests": seen.listed("tasks:requests", state="granted"),
        "proof": seen.listed("notices:proof"),
        "comments": seen.signed_url(scores.latest.standing.self_assessment) if scores else "",
    }


def _rules(seen: Seen) -> list[object]:
    rules = [
        ACCEPTED_SHARE_RULE,
        OVERDUE_RULE,
        of_institution.SCHEDULE_RULE,
        of_institution.LATE_RULE,
        of_institution.RETURNED_TASKS_RULE,
    ]
    return [*rules, COMPARISON_RULE, *([of_institution.PEERS_RULE] if seen.is_supervising else [])]


def _supervising(request: HttpRequest, shown: Institution) -> dict[str, object]:
    """What only supervisors see: holds, of which the institution is not told, and what they may do from here."""
    membership = request.membership
    if not membership.is_supervising:
        return {"is_supervising": False}
    holds = LegalHold.objects.visible_to(request.user, acting=membership).filter(institution=shown)
    holds = list(holds.select_related("placed_by", "released_by"))
    return {
        "is_supervising": True,
        "holds": holds,
        "standing_hold": next((hold for hold in holds if not hold.released_at), None),
        "may_manage_retention": membership.may(Permission.MANAGE_RETENTION),
        "may_export": membership.may(Permission.EXPORT_SUPERVISORY),
        "may_urge": membership.may(Permission.URGE),
    }
