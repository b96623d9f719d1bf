"""任务专题报告."""

from plan.enums import MATURITY_LEVELS, Binding, Level, Part, RequirementKind
from reports import progress
from reports.contents.asked import INSTITUTIONS_SHOWN
from reports.progress import mean_level
from reports.ranking import most_returned_of
from tests.reports.told import scope
from tests.reports.told.cells import deadline, kind, number, state
from tests.reports.told.seen import Seen, assignment_of, head_of, numbered, placed, required


def told(report):
    seen, task = Seen(report), report.task
    measured = progress.measure_scope(seen.institutions, plan=report.plan, day=seen.day, task=task)
    standings = progress.standing_list(seen.standing, today=seen.day, limit=INSTITUTIONS_SHOWN)
    of_scope = scope.told_of_scope(report, measured)
    return (
        head_of(report)
        | of_scope
        | {
            "scope": {**of_scope["scope"], "task": numbered(task)},
            "requirements": [
                {**required(one), "level": one.level, "kind": one.kind, "binding": one.binding}
                for one in task.requirements.order_by("number")
            ],
            "schedules": [
                {"kind": one.institution_kind or None, "due_on": one.due_on, "is_official": one.is_official}
                for one in task.schedules.order_by("institution_kind")
            ],
            "returned": [
                {**required(row.requirement), "in_submissions": row.doing, "in_self_assessments": row.judging}
                for row in most_returned_of(task, seen.reviews)
            ],
            "maturity": _maturity(seen),
            "standings": {
                "total": standings.total,
                "shown": [
                    {**placed(row.institution), **assignment_of(row, seen.day), "part": row.part}
                    for row, _days in standings.rows
                ],
            },
        }
    )


def _maturity(seen):
    report = seen.report
    cycle = progress.cycle_by(seen.signed, plan=report.plan, day=seen.day)
    return {
        "cycle": cycle.title,
        "requirements": [
            {
                **required(row.requirement),
                "levels": [row.levels[level] for level in MATURITY_LEVELS],
                "mean": mean_level(row.levels),
            }
            for row in progress.levels_of(seen.signed, cycle=cycle, task=report.task, day=seen.day)
        ],
    }


# --- As sheets --------------------------------------------------------------------------------------------


def sheets(data):
    return {
        "计划要求": [
            [
                row["reference"],
                row["text"],
                *(str(names(row[key]).label) for key, names in ASKED.items()),
            ]
            for row in data["requirements"]
        ],
        **scope.summary(data),
        **scope.course(data),
        **scope.waiting(data),
        **scope.kinds(data),
        **scope.regions(data),
        "退回最多的要求": [
            [row["reference"], row["text"], row["in_submissions"], row["in_self_assessments"]]
            for row in data["returned"]
        ],
        "成熟度": [
            [row["reference"], row["text"], *row["levels"], number(row["mean"])]
            for row in data["maturity"]["requirements"]
        ],
        **scope.overdue(data),
        "各机构情况": [
            [
                row["institution"],
                row["credit_code"],
                kind(row),
                row["region"],
                str(Part(row["part"]).label),
                state(row),
                *deadline(row),
            ]
            for row in data["standings"]["shown"]
        ],
    }


ASKED = {"level": Level, "kind": RequirementKind, "binding": Binding}
