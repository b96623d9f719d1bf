"""The rule of scores, by its properties and against a reckoning of its own; and what the signature keeps."""

import io
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from hypothesis import assume, given
from hypothesis import strategies as st

from assessments import actions
from assessments.actions.scores import write_scores
from assessments.models import Score, SelfAssessment
from assessments.scores import Treatment, in_words, scores_of, stored
from plan.enums import Binding, RequirementKind
from portal.audit.models import AuditEvent
from tests.assessments.world import answer_all, draft, hand_in, seen, signed
from tests.factories.assessments import SelfAssessmentFactory
from tests.factories.tasks import take_away

K, B = RequirementKind, Binding
weights = st.decimals("0.01", "9999.99", places=2).map(lambda weight: format(weight, "f"))
ANSWERS = {
    K.MATURITY: st.integers(0, 5).map(lambda level: {"level": level}),
    K.EVIDENCE: st.booleans().map(lambda is_so: {"in_place": is_so}),
    K.YES_NO: st.booleans().map(lambda is_so: {"in_place": is_so}),
    K.RATIO: st.just({"numerator": "1.00", "denominator": "4.00"}),
    K.NUMBER: st.just({"number": "12.00"}),
    K.DATE: st.just({"date": "2026-03-31"}),
}


@st.composite
def requirements(draw):
    kind = draw(st.sampled_from(K))
    return {
        "reference": str(draw(st.integers(1, 999))),
        "kind": kind.value,
        "binding": draw(st.sampled_from(B)).value,
        "weight": draw(weights),
        "answer": draw(st.just({}) | ANSWERS[kind]),
    }


@st.composite
def contents(draw):
    tasks = draw(st.lists(st.lists(requirements(), min_size=1, max_size=5), min_size=1, max_size=5))
    return {
        "tasks": [
            {
                "number": number,
                "theme": draw(st.integers(1, 3)),
                "weight": draw(weights),
                "requirements": entries,
            }
            for number, entries in enumerate(tasks, start=1)
        ]
    }


def values(scores) -> list:
    """Every value there is, by what it is of."""
    of_tasks = {("task", task.number): task.value for task in scores.tasks}
    of_themes = {("theme", number): mean.value for number, mean in scores.themes.items()}
    return {"whole": scores.whole.value, **of_tasks, **of_themes}


def with_tasks(content, change) -> dict:
    return {"tasks": [change(dict(task)) for task in content["tasks"]]}


def with_requirements(content, change) -> dict:
    return with_tasks(content, lambda task: task | {"requirements": [change(dict(e)) for e in task["requirements"]]})


# --- A reckoning of its own: whole numbers over one common denominator -------------------------------------


def hundredths(weight: str) -> int:
    return int(Decimal(weight) * 100)


def points(entry) -> int | None:
    if entry["kind"] in ("ratio", "number", "date"):
        return None
    if not entry["answer"]:
        return 0 if entry["binding"] == "mandatory" else None
    return entry["answer"].get("level", 5 if entry["answer"].get("in_place") else 0)


def mean(pairs) -> Fraction | None:
    pairs = [(value, weight) for value, weight in pairs if value is not None]
    return Fraction(sum(v * w for v, w in pairs), 1) / sum(w for _v, w in pairs) if pairs else None


def reckoned(tasks) -> Fraction | None:
    return mean(
        (mean((points(e), hundredths(e["weight"])) for e in task["requirements"]), hundredths(task["weight"]))
        for task in tasks
    )


@given(contents())
def test_scores_are_exactly_what_a_second_reckoning_finds(content):
    scores = scores_of(content)
    assert scores.whole.value == reckoned(content["tasks"])
    for number, of_theme in scores.themes.items():
        assert of_theme.value == reckoned([task for task in content["tasks"] if task["theme"] == number])


@given(contents())
def test_every_score_is_between_0_and_5_and_between_the_lowest_and_the_highest_task(content):
    scores = scores_of(content)
    of_tasks = [task.value for task in scores.tasks if task.value is not None]
    for value in values(scores).values():
        assert value is None or 0 <= value <= 5
    assert (scores.whole.value is None) == (not of_tasks)
    if of_tasks:
        assert min(of_tasks) <= scores.whole.value <= max(of_tasks)


@given(contents(), st.randoms())
def test_no_order_changes_a_score(content, random):
    shuffled = with_tasks(
        content, lambda task: task | {"requirements": random.sample(task["requirements"], len(task["requirements"]))}
    )
    random.shuffle(shuffled["tasks"])
    assert values(scores_of(shuffled)) == values(scores_of(content))


@given(contents(), st.integers(2, 50), st.integers(2, 50))
def test_only_the_proportion_of_weights_counts(content, of_tasks, of_requirements):
    def heavier(part, factor):
        return part | {"weight": format(Decimal(part["weight"]) * factor, "f")}

    scaled = with_tasks(content, lambda task: heavier(task, of_tasks))
    scaled = with_requirements(scaled, lambda entry: heavier(entry, of_requirements))
    assert values(scores_of(scaled)) == values(scores_of(content))


@given(requirements())
def test_a_task_of_one_requirement_scores_what_it_does(entry):
    (task,) = scores_of({"tasks": [{"number": 1, "theme": 1, "weight": "3.00", "requirements": [entry]}]}).tasks
    assert task.value == task.requirements[0].value


@given(contents(), st.data())
def test_a_higher_level_lowers_no_score(content, data):
    levels = [
        entry
        for task in content["tasks"]
        for entry in task["requirements"]
        if entry["answer"].get("level", 5) < 5 or entry["answer"].get("in_place") is False
    ]
    assume(levels)
    raised = data.draw(st.sampled_from(levels))
    before = values(scores_of(content))
    raised["answer"] = (
        {"in_place": True} if "in_place" in raised["answer"] else {"level": raised["answer"]["level"] + 1}
    )
    after = values(scores_of(content))
    assert all(after[subject] >= value for subject, value in before.items() if value is not None)
    assert after["whole"] > before["whole"]


@given(contents(), requirements(), st.data())
def test_an_unanswered_encouraged_requirement_changes_nothing(content, entry, data):
    before = values(scores_of(content))
    task = data.draw(st.sampled_from(content["tasks"]))
    task["requirements"].append(entry | {"answer": {}, "binding": "encouraged"})
    assert values(scores_of(content)) == before


@given(st.fractions(0, 5))
def test_what_is_stored_prints_as_the_exact_value_does(value):
    assert stored(value) <= value < stored(value) + Decimal("0.0001")
    assert in_words(stored(value)) == in_words(value)
    assert Fraction(in_words(value)) - Fraction(1, 20) <= value < Fraction(in_words(value)) + Fraction(1, 20)


@pytest.mark.parametrize(
    ("value", "words"),
    [(Fraction(345, 100), "3.5"), (Fraction(344999, 100000), "3.4"), (Fraction(5), "5.0"), (None, "–")],
)
def test_printed_half_up_to_one_decimal(value, words):
    assert in_words(value) == words


def test_why_a_requirement_counts_as_it_does():
    def treatment(kind, answer, binding="mandatory"):
        entry = {"reference": "1.1", "kind": kind, "binding": binding, "answer": answer}
        (task,) = scores_of({"tasks": [{"number": 1, "requirements": [entry]}]}).tasks
        return task.requirements[0].value, task.requirements[0].treatment

    assert treatment("maturity", {"level": 3}) == (3, Treatment.RATED)
    assert treatment("evidence", {"in_place": True}) == (5, Treatment.RATED)
    assert treatment("yes_no", {"in_place": False}) == (0, Treatment.RATED)
    assert treatment("maturity", {}) == (0, Treatment.UNANSWERED)
    assert treatment("maturity", {}, "encouraged") == (None, Treatment.LEFT_OUT)
    assert treatment("number", {"number": "3"}) == (None, Treatment.REPORTED)


def test_nothing_rated_has_no_score():
    scores = scores_of({"tasks": []})
    assert scores.whole.value is None
    assert not scores.themes


def test_content_from_before_weights_has_the_plans_defaults():
    old = {"reference": "1.1", "kind": "maturity", "answer": {"level": 2}}
    unanswered = {"reference": "1.2", "kind": "yes_no", "answer": {}}
    scores = scores_of({"tasks": [{"number": 4, "requirements": [old, unanswered]}]}, {4: 7})
    assert scores.themes[7].value == scores.whole.value == 1


# --- What the signature keeps -------------------------------------------------------------------------------


def kept(self_assessment) -> dict:
    rows = Score.objects.filter(self_assessment=self_assessment)
    return {(row.theme_id and "theme", row.task_id and row.task.number): row.value for row in rows}


def test_the_signature_keeps_the_whole_the_themes_and_the_tasks(world):
    version = signed(world)
    # Of the first task 5, 3 and 5 are rated; of the second two that are in place.
    assert kept(version) == {
        (None, None): Decimal("4.6666"),
        ("theme", None): Decimal("4.6666"),
        (None, 1): Decimal("4.3333"),
        (None, 2): Decimal("5.0000"),
    }
    assert scores_of(version.content).whole.value == Fraction(14, 3)


def test_a_refused_signature_keeps_no_scores(world):
    handed_in = hand_in(world)
    with pytest.raises(Exception, match="未签署"), transaction.atomic():
        actions.sign(self_assessment=handed_in, seen_sha256="another", by=world.cio)
    assert not Score.objects.exists()


def test_kept_scores_are_never_changed_or_deleted(world):
    signed(world)
    for change in (lambda rows: rows.update(value=1), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change(Score.objects.all())


def test_keeping_scores_costs_two_queries(world, django_assert_num_queries):
    version = SelfAssessmentFactory(
        cycle=world.cycle, institution__kind="fund", state="submitted", content=signed(world).content
    )
    with django_assert_num_queries(2):
        write_scores(version)


def test_versions_signed_before_are_scored_once_by_the_command(world):
    version = signed(world)
    content = version.content
    for task in content["tasks"]:
        del task["theme"], task["weight"]
        for entry in task["requirements"]:
            del entry["binding"], entry["weight"]
    old = SelfAssessmentFactory(cycle=world.cycle, institution__kind="fund", state="submitted", content=content)
    for said in ("1 self-assessments scored", "Every signed"):
        output = io.StringIO()
        call_command("score_self_assessments", stdout=output)
        assert output.getvalue().startswith(said)
    assert kept(old) == kept(version)
    assert AuditEvent.objects.get(action="self_assessments.scored").data == {"self_assessments": 1}


# --- Progress: the same figures everywhere ------------------------------------------------------------------


def counted(world, self_assessment) -> tuple[int, int]:
    row = SelfAssessment.objects.with_progress().get(pk=self_assessment.pk)
    return row.answered_total, row.asked_total


def shown(client, world, self_assessment) -> dict[str, tuple[int, int]]:
    """Answered and asked, page by page."""
    client.force_login(world.contributor)
    detail = client.get(self_assessment.get_absolute_url()).context
    sides = [item["label"].rsplit(" ", 1)[1].split("/") for item in detail["progress"]]
    row = next(
        row["current"] for row in client.get("/assessments/").context["rows"] if row["current"].pk == self_assessment.pk
    )
    home = next(
        (r for r in client.get("/").context["self_assessments"] if r.pk == self_assessment.pk),
        row,
    )
    return {
        "detail": (detail["answered"], detail["asked"]),
        "side": (sum(int(done) for done, _of in sides), sum(int(of) for _done, of in sides)),
        "list": (row.answered_total, row.asked_total),
        "home": (home.answered_total, home.asked_total),
    }


def test_every_page_shows_the_same_progress(client, world):
    """Also where an answer waits for confirmation, lacks its measure, or belongs to a task that ceased to apply."""
    requirement = world.requirement(K.MATURITY)
    answer_all(world)
    for changes, answered in (
        ({}, 8),
        ({"level": 1}, 7),
        ({"level": 1, "measure": "补齐", "measure_owner": "信息技术部", "measure_due_on": "2026-12-31"}, 8),
        ({"level": 4, "is_carried_over": True}, 7),
        ({"is_carried_over": False, "justification": ""}, 7),
        ({"justification": "已落实。"}, 8),
    ):
        world.draft.answers.filter(requirement=requirement).update(**changes)
        assert set(shown(client, world, world.draft).values()) == {(answered, 8)}
        assert counted(world, world.draft) == (answered, 8)
    handed_in = actions.hand_in(self_assessment=world.draft, by=world.contributor)
    version = actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
    take_away(world.first_assignment)
    assert set(shown(client, world, version).values()) == {(8, 8)}


def test_the_page_of_a_task_marks_the_same_requirements_as_answered(client, world):
    answer_all(world)
    world.draft.answers.filter(requirement=world.requirement(K.MATURITY)).update(level=1)
    client.force_login(world.contributor)
    page = client.get(f"/assessments/{world.draft.pk}/tasks/1/")
    assert [item["state"] for item in page.context["others"]] == ["in_progress", "answered"]


def test_an_answer_without_a_value_is_not_answered(world):
    requirement = world.requirement(K.NUMBER)
    actions.save_answers(
        self_assessment=world.draft, drafts={requirement.pk: draft(requirement, number=None)}, by=world.contributor
    )
    assert counted(world, world.draft) == (0, 8)
