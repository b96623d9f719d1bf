"""`manage.py load_plan FILE`: check a plan file and bring the database in line with it."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from plan.actions import LoadResult, PlanConflict, load_plan
from plan.loader import InvalidPlanFile, read_plan_file

SHIFT_RANGE = range(-50, 51)


class Command(BaseCommand):
    help = "Check a plan file and load it. On any mistake nothing is changed. Safe to run again."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path, help="a YAML file as docs/plan-files.md describes")
        parser.add_argument(
            "--shift-years",
            type=int,
            choices=SHIFT_RANGE,
            metavar="N",
            help="move all dates by N whole years, -50 to 50 (default: as the plan was last loaded, else 0)",
        )

    def handle(self, *args, **options) -> None:
        try:
            file = read_plan_file(options["file"])
            result = load_plan(file=file, shift_years=options["shift_years"])
        except (InvalidPlanFile, PlanConflict) as error:
            raise CommandError(_("%(mistakes)s\n未作任何更改。") % {"mistakes": error}) from error
        self.report(result)

    def report(self, result: LoadResult) -> None:
        for line in result.kept:
            self.stdout.write(line)
        if not result.changed:
            self.stdout.write(_("“%(plan)s”没有变化。") % {"plan": result.plan})
            return
        values = {
            "plan": result.plan,
            "created": result.created,
            "updated": result.updated,
            "removed": result.removed,
        }
        message = _("“%(plan)s”已载入：新增 %(created)s 条，更新 %(updated)s 条，删除 %(removed)s 条。")
        self.stdout.write(message % values)
