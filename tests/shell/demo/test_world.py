"""The world of the demo: institutions, people, the plan."""

import io

import pytest
from django.core.management import call_command
from django.utils import timezone

from plan.models import Plan, Schedule
from portal.accounts.credit_code import validate_credit_code
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Authority, Institution
from tasks.models import Assignment, ChangeRequest
from tests.shell.demo.loaded import SIZE, structure

# One worker loads the demo, once.
pytestmark = pytest.mark.xdist_group("demo")


def test_there_are_institutions_of_all_kinds_in_several_regions(demo):
    assert Institution.objects.count() == SIZE
    assert set(Institution.objects.values_list("kind", flat=True)) == set(InstitutionKind.values)
    assert Institution.objects.values("region").distinct().count() >= 5
    assert Authority.objects.count() == 6


def test_institutions_are_invented_and_say_so_and_their_codes_are_valid(demo):
    for institution in Institution.objects.all():
        assert "示例" in institution.name
        assert "Example" in institution.name_en
        validate_credit_code(institution.credit_code)


def test_today_falls_into_the_fifth_year_and_no_deadline_is_official(demo):
    plan, today = Plan.objects.get(), timezone.localdate()
    assert plan.starts_on.year + 4 == today.year
    assert not Schedule.objects.filter(is_official=True).exists()
    granted = ChangeRequest.objects.exclude(granted_deadline=None).values("assignment")
    official = Assignment.objects.filter(deadline_is_official=True, bulk_extensions=None)
    assert not official.exclude(pk__in=granted).exists()
    days = {(due_on - today).days for due_on in Schedule.objects.values_list("due_on", flat=True)}
    assert {0, 1, 7, 30} <= days
    assert min(days) < -100


def test_everybody_has_every_task_as_rolling_out_would_give_them(demo):
    output = io.StringIO()
    call_command("roll_out", Plan.objects.get().slug, stdout=output)
    assert output.getvalue().startswith("0 new")
    assert Assignment.objects.count() == SIZE * 25


def test_nothing_that_was_put_aside_while_loading_is_missing(demo):
    assert structure() == demo
