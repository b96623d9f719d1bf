"""监管进展报告."""

import datetime
from collections import Counter

from assessments.models import Rectification, Score
from assessments.scores import rounded
from plan.models import Task
from portal.accounts.enums import InstitutionKind
from reports import progress
from reports.contents.asked import INSTITUTIONS_SHOWN
from reports.contents.earlier import CYCLES_SHOWN
from reports.contents.extremes import EXTREMES_SHOWN
from reports.contents.rectifications import LATE_SHOWN
from reports.progress import Condition
from tests.factories.accounts import membership_of
from tests.reports.told import scope
from tests.reports.told.cells import day, figures, fraction, kind, number, theme
from tests.reports.told.seen import Seen, figures_of, head_of, lines_of, numbered, placed

ALL = "合计"


def told(report):
    seen = Seen(report)
    measured = progress.measure_scope(seen.institutions, plan=report.plan, day=seen.day)
    institutions = progress.by_institution(seen.standing, plan=report.plan, today=seen.day, limit=INSTITUTIONS_SHOWN)
    worst = [line for line in institutions.rows if line.figures.overdue][:EXTREMES_SHOWN]
    best = progress.best_institutions(seen.standing, plan=report.plan, today=seen.day, limit=EXTREMES_SHOWN)
    return (
        head_of(report)
        | scope.told_of_scope(report, measured)
        | {
            "compared": _compared(seen, measured),
            "by_theme": lines_of(measured.by_theme, numbered),
            "by_task": lines_of(measured.by_task, numbered),
            "heat_map": _heat_map(measured),
            "task_heat_map": _task_heat_map(progress.position(seen.institutions, plan=report.plan, day=seen.day)),
            "mean_scores": _mean_scores(seen),
            "worst": lines_of(worst, placed),
            "best": lines_of(best, placed),
            "rectifications": _rectifications(seen),
            "institutions": {"total": institutions.total, "shown": lines_of(institutions.rows, placed)},
            "matrix": _matrix([line.subject for line in institutions.rows], measured.tasks, seen.day),
        }
    )


def _compared(seen, now):
    before = progress.last_half_year(seen.day)
    then = progress.measure_scope(seen.institutions, plan=seen.report.plan, day=before)
    assert then.total.total and then.total != now.total
    return {
        "before": before,
        "lines": [
            {
                "theme": one and numbered(one),
                "now": figures_of(now.of(theme=one)),
                "then": figures_of(then.of(theme=one)),
            }
            for one in (None, *now.themes)
        ],
    }


def _heat_map(measured):
    return [
        {
            "theme": f"{theme.local_label} {theme.title}" if theme else ALL,
            "kind": str(kind.label) if kind else ALL,
            "overdue": measured.of(theme, kind).overdue,
            "share": measured.of(theme, kind).overdue_share,
        }
        for theme in [*measured.themes, None]
        for kind in [*measured.kinds, None]
    ]


def _task_heat_map(position):
    def square(task, kind):
        here = [kind] if kind else InstitutionKind
        now = sum((position.conditions.get((task.pk, one), Counter()) for one in here), Counter())
        applicable = now.total() - now[Condition.NONE]
        return {
            "task": task.number,
            "kind": str(kind.label) if kind else ALL,
            "condition": progress.condition_among(now),
            "overdue": now[Condition.OVERDUE],
            "applicable": applicable,
            "accepted_share": progress.percent(now[Condition.DONE], applicable),
        }

    return [square(task, kind) for task in position.tasks for kind in [*position.progress.kinds, None]]


def _mean_scores(seen):
    found = progress.mean_scores(seen.rows(Score), plan=seen.report.plan, until=seen.until, limit=CYCLES_SHOWN)
    return {
        "cycles": [
            {"cycle": cycle.title, "period_ends_on": cycle.period_ends_on, "institutions": institutions}
            for cycle, institutions in zip(found.cycles, found.institutions, strict=True)
        ],
        "lines": [
            {
                "theme": line.theme and numbered(line.theme),
                "means": [None if mean is None else rounded(mean) for mean in line.means],
            }
            for line in found.lines
        ],
    }


def _rectifications(seen):
    reader = seen.report.requested_by
    rows = Rectification.objects.visible_to(reader, membership_of(reader)).of_plan_or_none(seen.report.plan)
    found = progress.rectifications(rows, day=seen.day, limit=LATE_SHOWN)
    return {
        "total": found.total,
        "open": found.open,
        "overdue": found.overdue,
        "unverified": found.unverified,
        "closed": found.closed,
        "late": [
            {**placed(row.institution), "title": row.title, "deadline": deadline, "days_late": days}
            for row, deadline, days in found.late
        ],
    }


def _matrix(institutions, tasks, on):
    known = progress.standings(institutions, tasks=tasks, day=on)
    conditions = {place: standing.condition.value for place, standing in known.items()}
    return {
        "tasks": [task.number for task in tasks],
        "rows": [
            {
                "credit_code": institution.credit_code,
                "conditions": [conditions.get((institution.pk, task.pk), "none") for task in tasks],
            }
            for institution in institutions
        ],
    }


def period(report):
    """What a composed report may tell besides: before the first day of its period, and at the end of the last."""
    seen, starts_on = Seen(report), report.composition.starts_on
    eve = starts_on - datetime.timedelta(days=1)
    before, now = (progress.measure_scope(seen.institutions, plan=report.plan, day=one) for one in (eve, seen.day))
    assert before.total.total and before.total != now.total
    return {
        "starts_on": starts_on,
        "ends_on": seen.day,
        "before": figures_of(before.total),
        "now": figures_of(now.total),
        "by_theme": [
            {**numbered(one), "before": figures_of(before.of(one)), "now": figures_of(now.of(one))}
            for one in now.themes
        ],
    }


# --- As sheets --------------------------------------------------------------------------------------------


def sheets(data):
    return {
        **scope.summary(data),
        "半年比较": [
            [
                theme(line["theme"], ALL),
                fraction(line["then"]["accepted_share"]),
                fraction(line["now"]["accepted_share"]),
                line["then"]["overdue"],
                line["now"]["overdue"],
            ]
            for line in data["compared"]["lines"]
        ],
        **scope.course(data),
        **scope.waiting(data),
        "各主题进展": [[theme(line, ALL), *figures(line["figures"])] for line in data["by_theme"]],
        **scope.kinds(data),
        **scope.regions(data),
        "各主题、各任务进展": _task_rows(data),
        "逾期分布": [
            [cell["theme"], cell["kind"], cell["overdue"], fraction(cell["share"])] for cell in data["heat_map"]
        ],
        "各任务、各类机构的情况": _square_rows(data),
        "各周期平均得分": _score_rows(data["mean_scores"]),
        "进展最慢的机构": _extreme_rows(data["worst"]),
        "进展最快的机构": _extreme_rows(data["best"]),
        "逾期的整改": [
            [
                row["institution"],
                row["credit_code"],
                row["region"],
                row["title"],
                day(row["deadline"]),
                row["days_late"],
            ]
            for row in data["rectifications"]["late"]
        ],
        **scope.overdue(data),
        "各机构进展": [
            [line["institution"], line["credit_code"], kind(line), line["region"], *figures(line["figures"])]
            for line in data["institutions"]["shown"]
        ],
        "各机构各任务情况": [
            [line["institution"], line["credit_code"], *(str(Condition(one).label) for one in row["conditions"])]
            for line, row in zip(data["institutions"]["shown"], data["matrix"]["rows"], strict=True)
        ],
    }


def _task_rows(data):
    themes = {task.number: task.theme.title for task in Task.objects.select_related("theme")}
    return [
        [themes[line["number"]], line["number"], line["title"], *figures(line["figures"])] for line in data["by_task"]
    ]


def _square_rows(data):
    titles = {line["number"]: line["title"] for line in data["by_task"]}
    return [
        [
            cell["task"],
            titles[cell["task"]],
            cell["kind"],
            str(Condition(cell["condition"]).label),
            cell["applicable"],
            cell["overdue"],
            fraction(cell["accepted_share"]),
        ]
        for cell in data["task_heat_map"]
    ]


def _score_rows(told):
    lines = [[theme(line["theme"], "总分"), *map(number, line["means"])] for line in told["lines"]]
    return [*lines, ["已验收的机构数", *(cycle["institutions"] for cycle in told["cycles"])]]


def _extreme_rows(lines):
    return [[line["institution"], line["credit_code"], line["region"], *figures(line["figures"])] for line in lines]


def period_sheet(data):
    told = data["period"]
    whole = {"before": told["before"], "now": told["now"]}
    names = [theme(line, ALL) for line in told["by_theme"]] + [ALL]
    return {
        "期间变化": [
            [
                name,
                *(line[when]["states"]["accepted"] for when in ("before", "now")),
                *(fraction(line[when]["accepted_share"]) for when in ("before", "now")),
                *(line[when]["overdue"] for when in ("before", "now")),
            ]
            for name, line in zip(names, [*told["by_theme"], whole], strict=True)
        ]
    }
