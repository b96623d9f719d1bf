"""Whatever is typed is answered, by the index and in a constant number of queries."""

import pytest
from django.db import connection
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portal.accounts.enums import Role
from portal.accounts.models import INSTITUTION_NAMES, Institution
from portal.bigrams import bigrams, folded
from portal.shell.search.groups import GROUPS
from portal.text_search import Bigrams, Folded, Names, holds
from tasks.models import Evidence
from tests.factories.accounts import InstitutionFactory, member
from tests.shell.said import SIGNED, everything_said, found, search

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("text", ["", "   ", "\u3000\n", "\0", "\u200b\u200d", "x" * 101, "安" * 10_000])
def test_what_is_no_word_is_explained_and_kept(client, text):
    user = member(InstitutionFactory(), Role.CIO)
    for name in ("search", "search_found"):
        form = search(client, user, text, name)["form"]
        assert form.errors["q"]
        assert form["q"].value() == text
    assert not client.get(reverse("shell:search")).context["form"].errors


SIGNS = ["%", "_", "\\", "'", '"', "a", "%%", "__", "\\\\", "' OR 1=1 --", "😀", "👩\u200d💻", "<b>"]


def test_signs_mean_themselves(client, world):
    for user in (member(world[0], Role.CIO), member(world[1], Role.SUPERVISOR)):
        for text in SIGNS:
            assert not found(client, user, text), text
        assert "<b>" not in client.get(reverse("shell:search_found"), {"q": "<b>"}).content.decode()


def test_wrong_groups_and_pages_are_refused_in_words(client):
    user = member(InstitutionFactory(), Role.CIO)
    assert search(client, user, "演练", group="people")["form"].errors["group"]
    assert search(client, user, "演练", page="-1")["form"].errors["page"]


ANYTHING = st.text(st.characters(codec="utf-8"), max_size=20)
LIKELY = st.text("申江证券安全abXYＡＢ０９.%_\\'\" ¦\0\u3000ÄIİΣſﬁ⼯😀", max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANYTHING | LIKELY)
@example("\ud7ff\U0010ffff")
def test_whatever_is_typed_is_answered(client, world, text):
    for user in (member(world[0], Role.CIO), member(world[1], Role.SUPERVISOR)):
        for hits in found(client, user, text).values():
            assert len(hits) <= 5


@settings(max_examples=50)
@given(said=ANYTHING | LIKELY, start=st.integers(0, 20), length=st.integers(2, 20))
def test_each_part_of_a_name_finds_it_and_nothing_else_does(said, start, length):
    """What is found holds the words, as `folded` compares them; PostgreSQL folds as Python does."""
    said = said.replace("\0", "")
    part = folded(folded(said)[start : start + length])
    institution = InstitutionFactory(name=said)
    rows = Institution.objects.filter(pk=institution.pk)
    if len(part) > 1:
        assert rows.filter(holds(Names(*INSTITUTION_NAMES), part)).exists() == (part in stored_folded(rows))
    for row in Institution.objects.filter(holds(Names("name"), "证券")):
        assert "证券" in folded(row.name)


def stored_folded(rows) -> str:
    return rows.annotate(folded=Folded(Names(*INSTITUTION_NAMES))).get().folded


@pytest.mark.parametrize(
    "said", ["第三条　信息安全（三级）\n Recovery：ＲＴＯ≤30", "⼯㎡ﬁ Ä", "a\u00adb\u200bc\ufeffd", "甲", ""]
)
def test_postgresql_folds_and_pairs_as_python_does(said):
    row = InstitutionFactory(name=said)
    rows = Institution.objects.annotate(folded=Folded("name"), pairs=Bigrams("name"))
    stored = rows.get(pk=row.pk)
    assert stored.folded == folded(said)
    assert list(dict.fromkeys(stored.pairs)) == (bigrams(said) if len(folded(said)) > 1 else [])


# --- What it costs ----------------------------------------------------------------------------------------


def test_queries_are_constant(client, world, django_assert_max_num_queries):
    institution, authority = world
    counts = []
    people = [member(institution, Role.CIO), member(authority, Role.SUPERVISOR)]
    for _round in range(2):
        for user in people:
            client.force_login(user)
            with django_assert_max_num_queries(60) as taken:
                client.get(reverse("shell:search_found"), {"q": SIGNED})
            counts.append(len(taken))
        everything_said(institution, authority)
        everything_said(institution, authority)
    assert counts[:2] == counts[2:]


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        ("institution_names", lambda: Institution.objects.filter(holds(Names(*INSTITUTION_NAMES), "东方"))),
        (
            "evidence_names_signed",
            lambda: Evidence.objects.filter(holds(Names("original_name"), "东方"), frozen_at__isnull=False),
        ),
    ],
)
def test_the_index_answers(index, rows):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # an empty table is read as fast
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_nestloop = off")
    assert index in rows().order_by().explain()


def test_every_group_has_a_name_of_its_own():
    assert len({group.key for group in GROUPS}) == len(GROUPS)
