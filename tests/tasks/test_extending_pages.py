"""The pages of 批量延期: what the address selects, what is shown before deciding, and who may open them."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from tasks.actions import exempt
from tasks.extending.choice import LeftOut
from tasks.models import Assignment, BulkExtension
from tests.factories.accounts import AuthorityFactory, member
from tests.factories.tasks import AssignmentFactory
from tests.tasks.test_extending import carried_out, confirm, decide

pytestmark = pytest.mark.django_db
EXTEND, LIST = reverse("tasks:extend"), reverse("explorer:assignments")
DAY = timedelta(days=1)


def fields(client, query="", **changes):
    """What the form sends after its preview was looked at."""
    data = {"way": "calendar", "days": "30", "reason": "系统升级推迟", "what": "preview"} | changes
    data["token"] = client.get(f"{EXTEND}?{query}").context["form"]["token"].value()
    preview = client.post(f"{EXTEND}?{query}", data).context["preview"]
    return data | {"what": "extend", "seen": preview.sha256 if preview else ""}


def test_what_the_filters_select_is_shown_and_then_moved(people, browse):
    late, _ahead = (AssignmentFactory(institution=people.institution, deadline=d) for d in (
        timezone.localdate() - DAY, timezone.localdate() + DAY
    ))  # fmt: skip
    client = browse(people.lead)
    listed = client.get(LIST, {"overdue": "1"}).text
    assert f"{EXTEND}?overdue=1" in listed and "延期所选" in listed
    data = fields(client, "overdue=1")
    page = client.post(f"{EXTEND}?overdue=1", data | {"what": "preview"}).text
    for words in (
        "1 家机构的 1 项任务",
        people.institution.name,
        (late.deadline + 30 * DAY).isoformat(),
        "24 小时内可以撤销",
    ):
        assert words in page
    assert not BulkExtension.objects.exists()
    response = client.post(f"{EXTEND}?overdue=1", data)
    extension = BulkExtension.objects.get()
    progress = reverse("tasks:extension_progress", args=[extension.pk])
    assert response.url == extension.get_absolute_url() and extension.filters == {"overdue": ["1"]}
    waiting = client.get(response.url).text
    assert "排队中" in waiting and progress in waiting and "延期的任务" not in waiting
    shown = client.get(progress)
    assert "核对任务" in shown.text and 'hx-trigger="every' in shown.text and "HX-Refresh" not in shown.headers
    carried_out(extension)
    assert client.get(progress)["HX-Refresh"] == "true"
    result = client.get(response.url).text
    assert "1 项任务已于" in result and "撤销本次延期" in result and progress not in result
    for user in (people.contributor, people.supervisor):
        shown = browse(user).get(late.get_absolute_url()).text
        assert "批量延期" in shown and "系统升级推迟" in shown and f"原期限 {late.deadline}" in shown
    undoing = client.post(reverse("tasks:extension_undo", args=[extension.pk]), follow=True).text
    assert "等待撤销" in undoing and "正在撤销延期" in undoing
    carried_out(extension)
    late.refresh_from_db()
    assert late.deadline == timezone.localdate() - DAY
    assert "已撤销" in client.get(response.url).text and "已撤销" in client.get(reverse("tasks:extensions")).text
    assert "“已撤销”" in client.post(reverse("tasks:extension_undo", args=[extension.pk]), follow=True).text


@pytest.mark.parametrize(
    "query",
    ["ticked=", "ticked=assignments", "ticked=institutions", "ticked=x", "state=nonsense", "institution=0", "late=x"],
)
def test_nothing_chosen_is_nothing_and_not_everything(people, browse, query):
    AssignmentFactory(institution=people.institution)
    client = browse(people.lead)
    assert "没有选中任务" in client.get(f"{EXTEND}?{query}").text
    assert client.post(f"{EXTEND}?{query}", fields(client, query)).status_code == 422
    assert not BulkExtension.objects.exists()


def test_rows_ticked_and_rows_out_of_scope(people, browse):
    one, _two = (AssignmentFactory(institution=people.institution) for _ in range(2))
    query = f"ticked=assignments&assignment={one.pk}"
    client = browse(people.lead)
    client.post(f"{EXTEND}?{query}", fields(client, query))
    assert carried_out(BulkExtension.objects.get()).extended.get().assignment == one
    other = browse(member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.LEAD_SUPERVISOR))
    assert "没有选中任务" in other.get(f"{EXTEND}?{query}").text


def test_what_changed_meanwhile_is_shown_first(people, browse):
    AssignmentFactory(institution=people.institution)
    client = browse(people.lead)
    data = fields(client, reason="我的理由")
    AssignmentFactory(institution=people.institution)
    response = client.post(EXTEND, data)
    assert response.status_code == 422 and "与您看到的不同" in response.text and "我的理由" in response.text
    assert response.context["preview"].assignments == 2 and not BulkExtension.objects.exists()
    assert client.post(EXTEND, data | {"seen": response.context["preview"].sha256}).status_code == 302


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"way": "day", "until": ""}, "请选择新期限。"),
        ({"way": "day", "until": "2020-01-01"}, "新期限已经过去"),
        ({"way": "day", "until": "x"}, "输入"),
        ({"days": ""}, "请填写延后的天数。"),
        ({"days": "0"}, "1"),
        ({"days": "367"}, "366"),
        ({"reason": " "}, "请填写延期理由。"),
        ({"way": "x"}, "选择"),
    ],
)
def test_what_is_refused_keeps_what_was_typed(people, browse, changes, words):
    AssignmentFactory(institution=people.institution)
    client = browse(people.lead)
    response = client.post(EXTEND, fields(client) | {"reason": "我的理由"} | changes)
    assert response.status_code == 422 and words in response.text
    if "reason" not in changes:
        assert "我的理由" in response.text
    assert not BulkExtension.objects.exists()


@pytest.mark.parametrize("who", ["lead", "supervisor", "observer"])
def test_what_came_to_nothing_says_why_and_is_looked_at_again_as_it_was_typed(people, browse, who):
    late = AssignmentFactory(institution=people.institution, deadline=timezone.localdate() - DAY)
    lead, query = browse(people.lead), f"ticked=assignments&assignment={late.pk}"
    lead.post(f"{EXTEND}?{query}", fields(lead, query, days="40", way="working", reason="我的\n理由"))
    exempt(assignment=late, reason="x", by=people.supervisor)
    extension = carried_out(BulkExtension.objects.get())
    response = browse(getattr(people, who)).get(extension.get_absolute_url())
    assert "未延期" in response.text and "与确认时看到的不同" in response.text and "我的" in response.text
    assert ("重新预览" in response.text) == (who == "lead")
    if who == "lead":
        address = html.unescape(re.search(rf'action="({EXTEND}[^"]*)"', response.text)[1])
        typed = {field.html_name: field.value() or "" for field in response.context["again"]}
        again = lead.post(address, typed)
        assert again.status_code == 200 and "我的\n理由" in again.text and 'value="40"' in again.text
        assert dict(again.context["preview"].left_out) == {LeftOut.CLOSED.label: 1}


@pytest.mark.parametrize("who", ["liaison", "contributor", "cio", "supervisor", "lead", "observer"])
def test_each_role(people, browse, who):
    AssignmentFactory(institution=people.institution)
    extension = decide(people.lead)
    client = browse(getattr(people, who))
    may_extend, may_see = who == "lead", who in ("supervisor", "lead", "observer")
    assert client.get(EXTEND).status_code == (200 if may_extend else 403)
    assert client.post(EXTEND, {"what": "extend"}).status_code == (422 if may_extend else 403)
    assert client.get(reverse("tasks:extensions")).status_code == (200 if may_see else 403)
    page = client.get(extension.get_absolute_url())
    assert page.status_code == (200 if may_see else 403)
    assert ("撤销本次延期" in page.text) == may_extend
    assert ("延期所选" in client.get(LIST).text) == may_extend
    progress = reverse("tasks:extension_progress", args=[extension.pk])
    assert client.get(progress).status_code == (200 if may_see else 403)
    undone = client.post(reverse("tasks:extension_undo", args=[extension.pk]))
    assert undone.status_code == (302 if may_extend else 403)
    assert bool(carried_out(extension).undone_at) == may_extend


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER])
def test_another_authoritys_decisions_are_not_there(people, browse, role):
    row = AssignmentFactory(institution=people.institution)
    extension = decide(people.lead)
    client = browse(member(AuthorityFactory(), role))
    assert client.get(extension.get_absolute_url()).status_code == 404
    assert client.get(reverse("tasks:extension_progress", args=[extension.pk])).status_code == 404
    assert client.post(reverse("tasks:extension_undo", args=[extension.pk])).status_code in (403, 404)
    assert extension.reason not in client.get(reverse("tasks:extensions")).text
    assert Assignment.objects.get().deadline == row.deadline + 30 * DAY
    assert extension.reason in client.get(row.get_absolute_url()).text


def test_pages_cost_the_same_for_many(people, browse):
    client, counts = browse(people.lead), []
    for more in (1, 3):
        for _ in range(more):
            AssignmentFactory()
        data = fields(client)
        extension = decide(people.lead)
        confirm(people.lead)
        seen = []
        for url, sent in (
            (EXTEND, data | {"what": "preview"}),
            (reverse("tasks:extensions"), None),
            (extension.get_absolute_url(), None),
            (reverse("tasks:extension_progress", args=[BulkExtension.objects.to_extend().first().pk]), None),
            (Assignment.objects.first().get_absolute_url(), None),
        ):
            with CaptureQueriesContext(connection) as queries:
                assert (client.post(url, sent) if sent else client.get(url)).status_code == 200
            seen.append(len(queries))
        counts.append(seen)
    assert counts[0] == counts[1]
