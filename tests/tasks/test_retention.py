"""Which files may be deleted and when, who deletes them, and what stays."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from portal.accounts.actions import add_member
from portal.accounts.enums import InstitutionKind, Role
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from tasks.evidence import reuse_file
from tasks.retention import FILES_AT_ONCE, delete_files, retention_ended, with_retention
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory
from tests.factories.vault import StoredFileFactory
from vault import deletion
from vault.cleanup import clean_up
from vault.enums import Fault, FileState, Finding
from vault.holds import place_hold, release_hold
from vault.models import Extract, LegalHold, StoredFile
from vault.places import storage_of

pytestmark = pytest.mark.django_db
ENDED = datetime.date(2010, 12, 31)
LONG_AGO = datetime.datetime(2009, 6, 1, tzinfo=datetime.UTC)


def assignment_of(institution, ends_on=ENDED, years=10):
    plan = PlanFactory(starts_on=ends_on.replace(year=ends_on.year - 5), ends_on=ends_on, retention_years=years)
    requirement = RequirementFactory(task=TaskFactory(theme__plan=plan))
    return AssignmentFactory(task=requirement.task, institution=institution)


def evidence_of(institution, ends_on=ENDED, years=10, uploaded_at=LONG_AGO, **fields):
    assignment = assignment_of(institution, ends_on, years)
    if "stored" not in fields:
        fields["stored"] = old_file(institution)
    requirement = assignment.requirements.get()
    return EvidenceFactory(assignment=assignment, requirement=requirement, uploaded_at=uploaded_at, **fields)


def old_file(institution, received_at=LONG_AGO, **fields):
    number = StoredFile.objects.count()
    return StoredFileFactory(
        institution=institution, received_at=received_at, content=f"内容{number}".encode(), **fields
    )


def ended(day=None) -> set:
    return set(retention_ended(StoredFile.objects.all(), day).values_list("pk", flat=True))


class TestRule:
    @pytest.fixture
    def institution(self):
        return InstitutionFactory()

    def test_kept_to_the_last_day_of_the_years_after_the_plan(self, institution):
        stored = evidence_of(institution, years=3).stored
        assert ended(datetime.date(2013, 12, 31)) == set()
        assert ended(datetime.date(2014, 1, 1)) == {stored.pk}
        assert with_retention(StoredFile.objects.all()).get().kept_until == datetime.date(2013, 12, 31)

    def test_the_plan_that_keeps_it_longest_decides(self, institution):
        stored = evidence_of(institution, years=1).stored
        evidence_of(institution, ends_on=datetime.date(2012, 6, 30), years=2, stored=stored)
        assert ended(datetime.date(2014, 6, 30)) == set()
        assert ended(datetime.date(2014, 7, 1)) == {stored.pk}

    @pytest.mark.parametrize("ending", ["withdrawn_at", "superseded_at"])
    def test_what_was_withdrawn_or_replaced_is_kept_the_same(self, institution, ending):
        evidence_of(institution, ends_on=timezone.localdate(), **{ending: LONG_AGO})
        assert ended() == set()

    def test_what_came_late_is_kept_as_long(self, institution):
        """Else it could be deleted the day after it was uploaded."""
        late = datetime.datetime(2020, 5, 5, 1, tzinfo=datetime.UTC)
        evidence_of(institution, years=3, uploaded_at=late, stored=old_file(institution, late))
        assert ended(datetime.date(2023, 5, 5)) == set()
        assert len(ended(datetime.date(2023, 5, 6))) == 1

    def test_what_was_never_used_is_kept_for_the_usual_years(self, institution):
        stored = old_file(institution, datetime.datetime(2012, 2, 28, 15, 59, tzinfo=datetime.UTC))
        assert ended(datetime.date(2022, 2, 28)) == set()
        assert ended(datetime.date(2022, 3, 1)) == {stored.pk}

    def test_a_plan_without_years_of_retention_keeps_to_its_last_day(self, institution):
        stored = evidence_of(institution, ends_on=datetime.date(2026, 5, 31), years=0).stored
        assert ended(datetime.date(2026, 5, 31)) == set()
        assert ended(datetime.date(2026, 6, 1)) == {stored.pk}

    def test_only_what_was_checked_and_is_there(self, institution):
        refused = {"sm3": "0" * 64, "path": "", "finding": Finding.TYPE}
        states = {
            FileState.RECEIVED: {},
            FileState.CLEAN: {},
            FileState.REFUSED: refused,
            FileState.QUARANTINED: refused | {"quarantined_at": LONG_AGO, "finding": Finding.MALWARE},
            FileState.DELETED: {
                "path": "",
                "deleted_at": LONG_AGO,
                "deleted_by": member(AuthorityFactory(), Role.LEAD_SUPERVISOR),
                "deleted_reason": "到期",
            },
        }
        files = {state: old_file(institution, state=state, **facts) for state, facts in states.items()}
        wanted = (FileState.CLEAN, FileState.REFUSED, FileState.QUARANTINED)
        assert ended() == {files[state].pk for state in wanted}


@pytest.fixture
def lead(people):
    return people.lead


class TestDeletion:
    def test_the_tombstone_stays_and_the_bytes_go(self, people, lead, django_capture_on_commit_callbacks):
        evidence = evidence_of(people.institution)
        stored = evidence.stored
        place, path = stored.place, stored.path
        Extract.objects.create(stored=stored, text="制度")
        with django_capture_on_commit_callbacks(execute=True):
            assert delete_files(files=[stored], reason="留存期满", by=lead) == [stored]
            assert storage_of(place).exists(path)
        deletion.remove(tombstone_id=stored.pk, place=place, path=path)
        assert not storage_of(place).exists(path)
        after = StoredFile.objects.get(pk=stored.pk)
        assert (after.state, after.path, after.deleted_by, after.deleted_reason) == ("deleted", "", lead, "留存期满")
        assert after.deleted_at
        assert (after.sha256, after.sm3, after.name, after.size) == (
            stored.sha256,
            stored.sm3,
            stored.name,
            stored.size,
        )
        assert not Extract.objects.exists()
        evidence.refresh_from_db()
        with pytest.raises(FileNotFoundError):
            evidence.stored.open()
        event = AuditEvent.objects.get(action="storedfile.delete")
        assert (event.actor, event.institution) == (lead, people.institution)
        assert event.data["sha256"] == stored.sha256
        assert event.data["sm3"] == stored.sm3
        assert event.data["reason"] == "留存期满"

    def test_twice_is_refused_the_second_time(self, people, lead):
        stored = evidence_of(people.institution).stored
        delete_files(files=[stored], reason="留存期满", by=lead)
        with pytest.raises(ValidationError) as refused:
            delete_files(files=[stored], reason="留存期满", by=lead)
        assert refused.value.code == "not_ended"

    def test_bytes_that_another_row_names_stay(self, people, lead):
        stored = evidence_of(people.institution).stored
        sharing = old_file(InstitutionFactory(), path=stored.path)
        delete_files(files=[stored], reason="留存期满", by=lead)
        deletion.remove(tombstone_id=stored.pk, place=stored.place, path=stored.path)
        assert sharing.open().read()

    def test_bytes_that_came_in_again_stay(self, people, lead):
        content = "再次上传".encode()
        stored = StoredFileFactory(institution=people.institution, received_at=LONG_AGO, content=content)
        delete_files(files=[stored], reason="留存期满", by=lead)
        again = StoredFileFactory(institution=people.institution, content=content)
        deletion.remove(tombstone_id=stored.pk, place=stored.place, path=stored.path)
        assert again.pk != stored.pk
        assert again.open().read() == content

    def test_a_lost_message_is_made_good_at_night(self, people, lead):
        """Nothing was queued, as after a crash right behind the commit. That the file was in fault changes nothing."""
        stored = old_file(people.institution, fault=Fault.CHANGED)
        place, path = stored.place, stored.path
        delete_files(files=[stored], reason="留存期满", by=lead)
        assert storage_of(place).exists(path)
        clean_up(now=timezone.now() + datetime.timedelta(days=2))
        assert not storage_of(place).exists(path)

    def test_all_or_nothing(self, people, lead):
        over, kept = evidence_of(people.institution), evidence_of(people.institution, ends_on=timezone.localdate())
        with pytest.raises(ValidationError) as refused:
            delete_files(files=[over.stored, kept.stored], reason="留存期满", by=lead)
        assert refused.value.code == "not_ended"
        assert kept.stored.sha256[:8] in refused.value.messages[0]
        assert not StoredFile.objects.filter(state=FileState.DELETED).exists()

    def test_a_reason_is_needed(self, people, lead):
        stored = evidence_of(people.institution).stored
        with pytest.raises(ValidationError) as refused:
            delete_files(files=[stored], reason=" \n", by=lead)
        assert refused.value.code == "reason"

    def test_a_page_at_once_and_no_more(self, people, lead):
        files = [old_file(people.institution) for _ in range(FILES_AT_ONCE + 1)]
        with pytest.raises(ValidationError) as refused:
            delete_files(files=files, reason="留存期满", by=lead)
        assert refused.value.code == "too_many"
        assert len(delete_files(files=files[1:], reason="留存期满", by=lead)) == FILES_AT_ONCE

    @pytest.mark.parametrize("who", ["liaison", "contributor", "cio", "supervisor", "observer"])
    def test_only_a_lead_supervisor(self, people, who):
        stored = evidence_of(people.institution).stored
        with pytest.raises(PermissionDenied):
            delete_files(files=[stored], reason="留存期满", by=getattr(people, who))

    def test_only_in_scope(self, people, lead):
        regional = member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.LEAD_SUPERVISOR)
        inside = evidence_of(InstitutionFactory(kind=InstitutionKind.FUTURES)).stored
        outside = evidence_of(people.institution).stored
        with pytest.raises(PermissionDenied):
            delete_files(files=[inside, outside], reason="留存期满", by=regional)
        assert delete_files(files=[inside], reason="留存期满", by=regional) == [inside]
        assert delete_files(files=[outside], reason="留存期满", by=lead) == [outside]

    def test_never_at_home(self, people, lead):
        add_member(user=lead, body=people.institution, role=Role.CIO, by=None)
        lead.forget_memberships()
        with pytest.raises(PermissionDenied):
            delete_files(files=[evidence_of(people.institution).stored], reason="留存期满", by=lead)

    def test_what_is_deleted_is_not_used_again(self, people, lead):
        stored = evidence_of(people.institution).stored
        delete_files(files=[stored], reason="留存期满", by=lead)
        current = assignment_of(people.institution, ends_on=timezone.localdate())
        with pytest.raises(ValidationError):
            # The page still showed it as it was.
            reuse_file(assignment=current, requirement=current.requirements.get(), stored=stored, by=people.contributor)


class TestHold:
    def test_while_it_stands_nothing_is_deleted(self, people, lead):
        stored = evidence_of(people.institution).stored
        other = evidence_of(InstitutionFactory()).stored
        hold = place_hold(institution=people.institution, reason="立案调查", by=lead)
        with pytest.raises(ValidationError) as refused:
            delete_files(files=[stored, other], reason="留存期满", by=lead)
        assert refused.value.code == "held"
        assert people.institution.name in refused.value.messages[0]
        assert not StoredFile.objects.filter(state=FileState.DELETED).exists()
        release_hold(hold=hold, by=lead)
        assert len(delete_files(files=[stored, other], reason="留存期满", by=lead)) == 2

    def test_placing_and_releasing_are_recorded_where_the_institution_does_not_read(self, people, lead):
        hold = place_hold(institution=people.institution, reason="立案调查", by=lead)
        released = release_hold(hold=hold, by=lead)
        assert (released.released_by, bool(released.released_at)) == (lead, True)
        events = AuditEvent.objects.filter(action__startswith="legalhold.")
        assert [event.action for event in events] == ["legalhold.placed", "legalhold.released"]
        assert {event.institution for event in events} == {None}

    def test_one_at_a_time_and_released_once(self, people, lead):
        hold = place_hold(institution=people.institution, reason="立案调查", by=lead)
        with pytest.raises(WrongState):
            place_hold(institution=people.institution, reason="又一次", by=lead)
        release_hold(hold=hold, by=lead)
        with pytest.raises(WrongState):
            release_hold(hold=hold, by=lead)
        place_hold(institution=people.institution, reason="重启调查", by=lead)
        assert LegalHold.objects.standing().count() == 1

    def test_a_reason_is_needed(self, people, lead):
        with pytest.raises(ValidationError):
            place_hold(institution=people.institution, reason=" ", by=lead)

    @pytest.mark.parametrize("who", ["liaison", "contributor", "cio", "supervisor", "observer"])
    def test_only_a_lead_supervisor(self, people, lead, who):
        with pytest.raises(PermissionDenied):
            place_hold(institution=people.institution, reason="立案调查", by=getattr(people, who))
        hold = place_hold(institution=people.institution, reason="立案调查", by=lead)
        with pytest.raises(PermissionDenied):
            release_hold(hold=hold, by=getattr(people, who))

    def test_only_in_scope(self, people, lead):
        regional = member(AuthorityFactory(kinds=[InstitutionKind.FUTURES]), Role.LEAD_SUPERVISOR)
        with pytest.raises(PermissionDenied):
            place_hold(institution=people.institution, reason="立案调查", by=regional)
        hold = place_hold(institution=people.institution, reason="立案调查", by=lead)
        with pytest.raises(PermissionDenied):
            release_hold(hold=hold, by=regional)

    def test_supervisors_see_it_and_the_institution_does_not(self, people, lead):
        place_hold(institution=people.institution, reason="立案调查", by=lead)
        for who in ("supervisor", "lead", "observer"):
            assert LegalHold.objects.visible_to(getattr(people, who)).exists()
        for who in ("liaison", "contributor", "cio"):
            assert not LegalHold.objects.visible_to(getattr(people, who)).exists()
