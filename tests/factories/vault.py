"""Stored files that passed their checks; `state=` and the facts it needs make others."""

import factory
from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone

from portal.audit.canonical import digests
from tests.factories.accounts import InstitutionFactory, UserFactory
from vault.enums import FileState, Place
from vault.models import Extract, StoredFile
from vault.places import storage_of


class StoredFileFactory(factory.django.DjangoModelFactory):
    """`content=` sets the bytes. The same content of one institution is one stored file."""

    class Meta:
        model = StoredFile

    institution = factory.SubFactory(InstitutionFactory)
    name = factory.Sequence(lambda n: f"证明材料{n}.txt")
    content_type = "text/plain"
    uploaded_by = factory.SubFactory(UserFactory)
    state = FileState.CLEAN

    @classmethod
    def _create(cls, model_class, *args, content=None, **fields):
        content = content or "证明材料".encode()
        digest = digests(content)
        same = model_class.objects.live().filter(institution=fields["institution"], sha256=digest.sha256).first()
        if same and fields["state"] in (FileState.CLEAN, FileState.RECEIVED):
            return same
        is_waiting = fields["state"] == FileState.RECEIVED
        if not is_waiting:
            fields.setdefault("checked_at", timezone.now())
            fields.setdefault("sm3", digest.sm3)
        place = fields.setdefault("place", Place.INCOMING if is_waiting else Place(settings.EVIDENCE_PLACE))
        if "path" not in fields:
            fields["path"] = f"evidence/{fields['institution'].pk}/{digest.sha256}"
            if storage_of(place).exists(fields["path"]):
                storage_of(place).delete(fields["path"])
            storage_of(place).save(fields["path"], ContentFile(content))
        return model_class.objects.create(size=len(content), sha256=digest.sha256, **fields)


class ExtractFactory(factory.django.DjangoModelFactory):
    """What a stored file of that content says."""

    class Meta:
        model = Extract

    text = "本公司每季度开展一次应急演练。"
    stored = factory.SubFactory(
        StoredFileFactory, content=factory.LazyAttribute(lambda stored: stored.factory_parent.text.encode())
    )
