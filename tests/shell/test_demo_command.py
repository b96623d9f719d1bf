"""The commands that load the demo and roll a plan out."""

from __future__ import annotations

import io

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction

from assessments.models import Review, SelfAssessment
from portal.accounts.models import Institution, User
from portal.shell.demo.accounts import NAMED
from tasks.models import Assignment, Submission
from tests.factories.accounts import InstitutionFactory, UserFactory
from tests.factories.plan import TaskFactory
from tests.shell.demo.loaded import SEED, load_quietly


def snapshot() -> dict[str, list]:
    """What was invented, without ids that sequences gave."""
    assignments = Assignment.objects.order_by("institution__credit_code", "task__number")
    return {
        "people": list(User.objects.order_by("email").values_list("email", "name")),
        "assignments": list(
            assignments.values_list("institution__name", "task__number", "state", "deadline", "submitted_at")
        ),
        "submissions": sorted(Submission.objects.values_list("sha256", flat=True)),
        "self-assessments": sorted(SelfAssessment.objects.values_list("institution__name", "state", "sha256")),
        "reviews": sorted(Review.objects.values_list("created_at", "verdict", "comment")),
    }


@pytest.mark.django_db
def test_a_seed_always_gives_the_same_and_another_seed_gives_another():
    seen = []
    for seed in (SEED, SEED, SEED + 1):
        with transaction.atomic():
            load_quietly(seed)
            seen.append(snapshot())
            transaction.set_rollback(True)
    assert seen[0] == seen[1]
    assert all(seen[0][part] != seen[2][part] for part in seen[0])


@pytest.mark.django_db
def test_a_database_with_people_is_refused():
    UserFactory()
    with pytest.raises(CommandError, match="already has people"):
        call_command("load_demo")
    assert not Institution.objects.exists()


@pytest.mark.django_db
def test_production_and_too_small_a_demo_are_refused(settings):
    with pytest.raises(CommandError, match="at least 40"):
        call_command("load_demo", institutions=3)
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("load_demo")
    assert not User.objects.exists()


def test_the_accounts_can_be_printed_without_a_database():
    output = io.StringIO()
    call_command("load_demo", accounts=True, stdout=output)
    assert all(account.email in output.getvalue() for account in NAMED)
    assert settings.DEMO_PASSWORD in output.getvalue()


@pytest.mark.django_db
def test_rolling_out_a_plan_gives_everybody_its_tasks_once():
    task = TaskFactory()
    InstitutionFactory.create_batch(2)
    for created in (2, 0):
        output = io.StringIO()
        call_command("roll_out", task.plan.slug, stdout=output)
        assert output.getvalue().startswith(f"{created} new")
    with pytest.raises(CommandError, match="no plan"):
        call_command("roll_out", "unheard-of")
