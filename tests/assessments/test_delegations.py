"""Dividing the tasks: who may, who is told, and what each sees of it."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from assessments import actions
from assessments.division import holders_of
from assessments.models import Delegation
from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tests.assessments.world import answer_all, hand_in
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.plan import RequirementFactory, TaskFactory
from tests.factories.tasks import AssignmentFactory

EVERYBODY = ["contributor", "liaison", "cio", "supervisor", "lead", "observer"]


def url(name, *args):
    return reverse(f"assessments:{name}", args=args)


def give(world, by=None, **holders):
    """`first=` and `second=` take a person or None."""
    chosen = {getattr(world, name).pk: person.pk if person else None for name, person in holders.items()}
    return actions.delegate_tasks(self_assessment=world.draft, holders=chosen, by=by or world.liaison)


def told():
    return list(Notice.objects.filter(kind=NoticeKind.DELEGATED).order_by("pk").values_list("recipient", flat=True))


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_divide(client, world, who):
    client.force_login(getattr(world, who))
    may = who == "liaison"
    status = client.get(url("delegations", world.draft.pk)).status_code
    assert status == 200 if may else status in (403, 404)
    if may:
        assert give(world, by=world.liaison, first=world.contributor) == 1
        return
    with pytest.raises(PermissionDenied):
        give(world, by=getattr(world, who), first=world.contributor)


def test_a_liaison_elsewhere_does_not_find_it(client, world):
    stranger = member(InstitutionFactory(), Role.LIAISON)
    client.force_login(stranger)
    assert client.get(url("delegations", world.draft.pk)).status_code == 404
    assert client.post(url("delegations", world.draft.pk), {}).status_code == 404
    with pytest.raises(PermissionDenied):
        give(world, by=stranger, first=world.contributor)


def test_each_is_told_once_whatever_the_number_of_tasks(world):
    colleague = member(world.institution, Role.CONTRIBUTOR)
    assert give(world, first=world.contributor, second=world.contributor) == 2
    assert told() == [world.contributor.pk]
    assert give(world, first=world.contributor, second=colleague) == 1
    assert told() == [world.contributor.pk, colleague.pk]
    assert give(world, first=world.liaison, second=None) == 2
    assert told() == [world.contributor.pk, colleague.pk]
    assert {d.task: d.contributor for d in Delegation.objects.all()} == {world.first: world.liaison}
    given = AuditEvent.objects.filter(action="self_assessment.delegated").order_by("pk")
    assert [event.data["tasks"] for event in given][-1] == {"1": world.liaison.name, "2": ""}
    notice = Notice.objects.first()
    assert notice.data["title"] == world.cycle.title
    assert notice.path == f"{url('detail', world.draft.pk)}?mine=1"


def test_the_same_again_changes_nothing(world):
    give(world, first=world.contributor)
    events = AuditEvent.objects.count()
    assert give(world, first=world.contributor) == 0
    assert (AuditEvent.objects.count(), len(told())) == (events, 1)


def test_tasks_are_given_to_those_who_fill_in(world):
    for person in (world.cio, world.supervisor, member(InstitutionFactory(), Role.CONTRIBUTOR)):
        with pytest.raises(ValidationError) as caught:
            give(world, first=person)
        assert caught.value.code == "contributor"
    foreign = TaskFactory()
    with pytest.raises(ValidationError) as caught:
        actions.delegate_tasks(
            self_assessment=world.draft, holders={foreign.pk: world.contributor.pk}, by=world.liaison
        )
    assert caught.value.code == "task"
    assert not Delegation.objects.exists()


def test_what_is_handed_in_is_not_divided_any_more(client, world):
    hand_in(world)
    with pytest.raises(WrongState):
        give(world, first=world.contributor)
    client.force_login(world.liaison)
    assert client.get(url("delegations", world.draft.pk)).status_code == 302


def test_the_page_saves_all_choices_at_once(client, world):
    client.force_login(world.liaison)
    page = url("delegations", world.draft.pk)
    choices = {f"task_{world.first.pk}": world.contributor.pk, f"task_{world.second.pk}": ""}
    assert "1 个任务的填报人有变化" in client.post(page, choices, follow=True).text
    assert Delegation.objects.get().contributor == world.contributor
    assert client.post(page, choices | {f"task_{world.first.pk}": world.cio.pk}).status_code == 400
    answer_all(world)
    assert "6/6" in client.get(page).text


def test_who_left_is_shown_until_the_task_is_given_again(client, world):
    give(world, first=world.contributor)
    world.contributor.memberships.update(is_active=False)
    client.force_login(world.liaison)
    page = url("delegations", world.draft.pk)
    assert escape(f"{world.contributor.name}（待重新分派）") in client.get(page).text
    assert "待重新分派" in client.get(url("detail", world.draft.pk)).text
    assert "待重新分派" in client.get(url("task", world.draft.pk, 1)).text
    client.post(page, {f"task_{world.first.pk}": world.contributor.pk, f"task_{world.second.pk}": world.liaison.pk})
    assert Delegation.objects.count() == 2
    client.post(page, {f"task_{world.first.pk}": world.liaison.pk, f"task_{world.second.pk}": world.liaison.pk})
    assert "待重新分派" not in client.get(page).text


def test_each_sees_what_is_theirs_and_may_still_write_everywhere(client, world):
    give(world, first=world.contributor, second=world.liaison)
    client.force_login(world.contributor)
    whole, mine = client.get(url("detail", world.draft.pk)), client.get(f"{url('detail', world.draft.pk)}?mine=1")
    assert len(whole.context["themes"][0].tasks) == 2
    assert [rows.task.number for theme in mine.context["themes"] for rows in theme.tasks] == [1]
    own, other = client.get(url("task", world.draft.pk, 1)), client.get(url("task", world.draft.pk, 2))
    assert "本任务由" not in own.text
    assert f"本任务由{world.liaison.name}填报" in other.text
    assert [item["label"].split()[0] for item in own.context["mine"]] == ["1"]
    assert [item["label"].split()[0] for item in own.context["others"]] == ["2"]


def test_how_work_is_divided_is_the_institutions_own_affair(world):
    give(world, first=world.contributor)
    assert holders_of(world.draft, world.cio)[1].name == world.contributor.name
    assert holders_of(world.draft, world.supervisor) == {}


def test_the_page_costs_the_same_for_more_tasks(client, world):
    def cost():
        client.force_login(world.liaison)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url("delegations", world.draft.pk)).status_code == 200
        return len(queries)

    give(world, first=world.contributor)
    cost()
    before = cost()
    for number in (3, 4, 5):
        task = TaskFactory(theme=world.first.theme, number=number)
        RequirementFactory(task=task)
        AssignmentFactory(task=task, institution=world.institution)
        person = member(world.institution, Role.CONTRIBUTOR)
        actions.delegate_tasks(self_assessment=world.draft, holders={task.pk: person.pk}, by=world.liaison)
    assert cost() == before
