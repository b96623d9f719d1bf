"""`manage.py roll_out PLAN`: give every active institution its tasks of a plan, with the deadlines of its schedule."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from plan.models import Plan
from tasks.rollout import apply_schedule, roll_out


class Command(BaseCommand):
    help = "Give every active institution the tasks it does not have yet, and open tasks the deadlines of the schedule."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("plan", help="the plan's slug, such as csf-2014")

    def handle(self, *args, **options) -> None:
        plan = Plan.objects.filter(slug=options["plan"]).first()
        if plan is None:
            raise CommandError(f"There is no plan “{options['plan']}”.")
        self.stdout.write(f"{roll_out(plan=plan, by=None)} new assignments.")
        self.stdout.write(f"{apply_schedule(plan=plan, by=None)} deadlines moved.")
