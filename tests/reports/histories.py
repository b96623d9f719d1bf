"""What may have become of six assignments over some weeks, for tests that tell any day of it."""

import datetime

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from hypothesis import strategies as st

from portal.accounts.enums import InstitutionKind
from reports import tallies
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tests.factories.accounts import InstitutionFactory, RegionFactory
from tests.factories.plan import PlanFactory, TaskFactory, ThemeFactory
from tests.factories.tasks import AssignmentFactory

S = AssignmentState
DAY = datetime.timedelta(days=1)
FIRST = datetime.date(2026, 1, 20)
LAST = 75  # days after FIRST: two turns of a month
STATES = [S.IN_PROGRESS, S.SUBMITTED, S.RETURNED, S.ACCEPTED]


def moves_to(states: list[AssignmentState]) -> st.SearchStrategy:
    return st.tuples(
        st.integers(0, LAST),  # the day
        st.integers(0, 5),  # whose
        st.sampled_from(states),
        st.sampled_from([FIRST, FIRST + 30 * DAY, FIRST + 60 * DAY]),  # the deadline
        st.booleans(),  # whether it is counted right after
    )


moves = moves_to(STATES)


def noon(day: int) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(FIRST + day * DAY, datetime.time(12)))


class History:
    """Two institutions of one kind and region, and one alone; two tasks of two themes."""

    def setUp(self):
        self.plan = PlanFactory(starts_on=FIRST - 10 * DAY, ends_on=FIRST + 200 * DAY)
        self.tasks = [TaskFactory(theme=ThemeFactory(plan=self.plan)) for _number in range(2)]
        here, there = RegionFactory(), RegionFactory(code="beijing")
        kinds = [(InstitutionKind.FUTURES, here), (InstitutionKind.FUTURES, here), (InstitutionKind.FUND, there)]
        self.institutions = [InstitutionFactory(kind=kind, region=region) for kind, region in kinds]

    def live(self, history):
        """From the first day on; `known` keeps what became of each, by the days since."""
        self.rows = [
            AssignmentFactory(task=task, institution=body, deadline=FIRST, created_at=noon(0), changed_at=noon(0))
            for task in self.tasks
            for body in self.institutions
        ]
        self.known = {row.pk: [(0, S.NOT_STARTED, FIRST)] for row in self.rows}
        for minute, move in enumerate(sorted(history, key=lambda move: move[0]), start=1):
            self.happen(minute, *move)

    def happen(self, minute, day, index, state, deadline, is_counted):
        at, row = noon(day) + datetime.timedelta(minutes=minute), self.rows[index]
        # What is judged was signed before.
        signed = {"submitted_at": Coalesce("submitted_at", Value(at - datetime.timedelta(seconds=1)))}
        stamps = {
            S.IN_PROGRESS: {"started_at": at},
            S.SUBMITTED: {"submitted_at": at},
            S.RETURNED: {"returned_at": at, **signed},
            S.ACCEPTED: {"accepted_at": at, **signed},
        }
        changed = {"state": state, "deadline": deadline, "changed_at": at, "accepted_at": None, **stamps[state]}
        Assignment.objects.filter(pk=row.pk).update(**changed)
        self.known[row.pk].append((day, state, deadline))
        if is_counted:
            tallies.count_changes()

    def at(self, row, day):
        """State and deadline at the end of a day; None before there was such an assignment."""
        facts = [(state, deadline) for at, state, deadline in self.known[row.pk] if FIRST + at * DAY <= day]
        return facts[-1] if facts else None
