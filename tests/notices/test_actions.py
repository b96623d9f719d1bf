import pytest
from django.db import transaction

from portal import enqueue
from portal.notices.actions import mark_read, notify
from portal.notices.enums import DeliveryState, NoticeKind
from portal.notices.jobs import deliver_notices
from portal.notices.models import Delivery, Notice
from tests.factories.accounts import UserFactory
from tests.factories.notices import DeliveryFactory, NoticeFactory
from tests.notices.delivering import deliver_mail

pytestmark = pytest.mark.django_db
FACTS = {"number": 6, "title": "加强软件开发安全管理", "title_en": "Secure development"}


def tell(*people, key="assignment:1:returned"):
    notify(recipients=people, kind=NoticeKind.RETURNED, key=key, path="/tasks/1/", data=FACTS)


def test_each_recipient_is_told_once_of_an_event():
    one, other = UserFactory(), UserFactory()
    tell(one)
    tell(one, other)
    assert Notice.objects.count() == Delivery.objects.count() == 2
    tell(one, key="assignment:1:returned-again")
    assert one.notices.count() == 2


@pytest.mark.parametrize("alive", [True, False])
def test_a_job_is_queued_once_the_change_is_committed(monkeypatch, django_capture_on_commit_callbacks, alive):
    queued = []
    monkeypatch.setattr(enqueue, "broker_alive", lambda: alive)
    monkeypatch.setattr(deliver_notices, "apply_async", lambda args: queued.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        tell(UserFactory(), UserFactory())
        assert queued == []
    assert queued == ([()] if alive else [])


def test_without_redis_the_beat_finds_what_was_not_queued(monkeypatch, django_capture_on_commit_callbacks, mailoutbox):
    monkeypatch.setattr(enqueue, "broker_alive", lambda: False)
    with django_capture_on_commit_callbacks(execute=True):
        tell(UserFactory())
    assert mailoutbox == []
    deliver_notices()
    assert len(mailoutbox) == 1


def test_a_change_that_is_rolled_back_tells_nobody(mailoutbox):
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(UserFactory())
        raise RuntimeError
    assert deliver_mail() == 0
    assert mailoutbox == []


def test_only_the_reader_marks_a_notice_as_read():
    notice = NoticeFactory()
    assert mark_read(notices=Notice.objects.all(), by=UserFactory()) == 0
    assert mark_read(notices=Notice.objects.all(), by=notice.recipient) == 1
    assert mark_read(notices=Notice.objects.all(), by=notice.recipient) == 0


def test_the_mail_files_of_the_demo(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    assert deliver_mail() == 0
    assert list(tmp_path.glob("mail/*")) == []
    DeliveryFactory()
    assert deliver_mail() == 1
    assert len(list(tmp_path.glob("mail/*.log"))) == 1
    assert Delivery.objects.get().state == DeliveryState.SENT
