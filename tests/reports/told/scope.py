"""What the two reports on an authority's scope tell alike."""

from django.db.models import Min

from portal.accounts.enums import InstitutionKind
from reports import progress
from reports.contents.scope import OVERDUE_SHOWN
from reports.dashboard.charts.burn_up import half_years
from tasks.enums import AssignmentState
from tests.reports.told.cells import day, deadline, figures, moment, state, task
from tests.reports.told.seen import Seen, assignment_of, figures_of, lines_of, placed


def scope_of(authority):
    return {
        "authority": authority.name,
        "all_regions": authority.all_regions,
        "regions": [region.name for region in authority.regions.all()],
        "kinds": [str(kind.label) for kind in InstitutionKind if kind in authority.kinds],
    }


def told_of_scope(report, measured):
    """`measured` is the progress that the report's figures come from."""
    seen, asked = Seen(report), {"plan": report.plan, "day": Seen(report).day, "task": report.task}
    submitted = seen.standing.in_state(AssignmentState.SUBMITTED)
    known = [week for week in progress.course(seen.institutions, **asked) if week.accepted is not None]
    late = progress.overdue_list(seen.standing, plan=report.plan, today=seen.day, limit=OVERDUE_SHOWN)
    return {
        "scope": scope_of(report.authority),
        "figures": figures_of(measured.total),
        "course": [week._asdict() for week in half_years(known) if week.due or week.signed],
        "waiting_since": submitted.aggregate(oldest=Min("submitted_at"))["oldest"],
        "by_kind": lines_of(measured.by_kind, lambda kind: {"code": kind.value, "label": str(kind.label)}),
        "by_region": lines_of(
            progress.by_region(seen.institutions, **asked), lambda region: {"code": region.code, "name": region.name}
        ),
        "overdue": [{**placed(row.institution), **assignment_of(row, seen.day)} for row, _days in late],
    }


# --- As sheets --------------------------------------------------------------------------------------------


def summary(data):
    return {"总体情况": [figures(data["figures"])]}


def course(data):
    return {
        "进度": [
            [day(point["day"]), *(point[name] for name in ("due", "signed", "accepted"))] for point in data["course"]
        ]
    }


def waiting(data):
    return {"待审核情况": [[data["figures"]["states"]["submitted"], moment(data["waiting_since"])]]}


def kinds(data):
    return {"各类机构进展": [[line["label"], *figures(line["figures"])] for line in data["by_kind"]]}


def regions(data):
    return {"各地区进展": [[line["name"], *figures(line["figures"])] for line in data["by_region"]]}


def overdue(data):
    return {
        "逾期任务": [
            [row["institution"], row["credit_code"], row["region"], *task(row), state(row), *deadline(row)]
            for row in data["overdue"]
        ]
    }
