"""Bytes that institutions entrust to the portal: stored once each, checked, and provably unchanged."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.files.base import File
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.bigrams import bigrams, folded
from vault.enums import ADVICE, CHECKED, LIVE, Fault, FileState, Finding, Flag, Place
from vault.file_types import BY_CONTENT_TYPE
from vault.places import storage_of
from vault.querysets import LegalHoldQuerySet, StoredFileQuerySet

S = FileState


class StoredFile(models.Model):
    """One content of one institution, however often it is used. What is told apart by digest is stored once.

    The database refuses to change digests, size or owner and to delete a row (migration 0002): a deleted file
    leaves its row as the tombstone. `sm3` is known once the file is checked. `path` is empty when the bytes are
    gone. `scanned_at` stays empty where the site has no malware scanner.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="stored_files")
    name = models.CharField(_("文件名"), max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64, blank=True)
    place = models.CharField(max_length=10, choices=Place.choices)
    path = models.CharField(max_length=200, blank=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField(default=timezone.now)

    state = models.CharField(_("检查情况"), max_length=12, choices=S.choices, default=S.RECEIVED)
    checked_at = models.DateTimeField(null=True, blank=True)
    quarantined_at = models.DateTimeField(null=True, blank=True)
    scanned_at = models.DateTimeField(null=True, blank=True)
    scanner = models.CharField(max_length=100, blank=True, help_text="Engine and signatures that cleared the file.")
    finding = models.CharField(max_length=20, choices=Finding.choices, blank=True)
    finding_detail = models.CharField(max_length=300, blank=True, help_text="A signature, or a name in an archive.")
    flags = ArrayField(models.CharField(max_length=20, choices=Flag.choices), default=list, blank=True)

    tags = ArrayField(models.CharField(max_length=30), default=list, blank=True, verbose_name=_("标签"))
    expires_on = models.DateField(_("有效期至"), null=True, blank=True)

    verified_at = models.DateTimeField(null=True, blank=True)
    fault = models.CharField(max_length=10, choices=Fault.choices, blank=True)

    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    deleted_reason = models.TextField(_("删除理由"), blank=True)

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        ordering = ["received_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "sha256"], condition=Q(state__in=LIVE), name="stored_file_once"
            ),
            models.CheckConstraint(name="stored_file_not_empty", condition=Q(size__gt=0)),
            models.CheckConstraint(
                name="stored_file_state_has_its_facts",
                condition=Q(state=S.RECEIVED, checked_at=None, finding="")
                | (Q(state=S.CLEAN, checked_at__isnull=False, finding="") & ~Q(sm3=""))
                | (Q(state=S.REFUSED, checked_at__isnull=False) & ~Q(finding=""))
                | (Q(state=S.QUARANTINED, quarantined_at__isnull=False) & ~Q(finding=""))
                | (Q(state=S.DELETED, deleted_at__isnull=False, deleted_by__isnull=False) & ~Q(deleted_reason="")),
            ),
            models.CheckConstraint(
                name="stored_file_served_only_when_clean",
                condition=Q(state__in=[S.RECEIVED, S.CLEAN]) | ~Q(place__in=[Place.DISK, Place.S3]) | Q(path=""),
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "-received_at"], name="stored_file_of_institution"),
            models.Index(fields=["received_at"], condition=Q(state=S.RECEIVED), name="stored_file_waiting"),
            models.Index(fields=["verified_at"], condition=Q(state=S.CLEAN), name="stored_file_by_verification"),
            models.Index(fields=["expires_on"], condition=Q(expires_on__isnull=False), name="stored_file_by_expiry"),
            models.Index(fields=["received_at", "id"], condition=Q(state__in=CHECKED), name="stored_file_by_age"),
            models.Index(fields=["-deleted_at", "-id"], condition=Q(state=S.DELETED), name="stored_file_deleted"),
            models.Index(fields=["path"], condition=~Q(path=""), name="stored_file_by_path"),
            GinIndex(fields=["tags"], name="stored_file_tags"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("vault:file", args=[self.pk])

    def open(self) -> File:
        """The bytes, wherever they lie. Raises FileNotFoundError when they are gone."""
        if not self.path:
            raise FileNotFoundError(f"The bytes of {self.sha256} are gone.")
        before = (self.place, self.path)
        try:
            return storage_of(self.place).open(self.path, "rb")
        except FileNotFoundError:
            self.refresh_from_db(fields=["place", "path"])  # they may have been moved meanwhile
            if (self.place, self.path) == before:
                raise
            return self.open()

    @property
    def is_clean(self) -> bool:
        return self.state == S.CLEAN

    @property
    def is_waiting(self) -> bool:
        return self.state == S.RECEIVED

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_expired(self) -> bool:
        """Whether the last day on which the document is valid has passed, in Asia/Shanghai."""
        return bool(self.expires_on and self.expires_on < timezone.localdate())

    @property
    def description(self) -> str:
        """Tags and validity in one line, by which a page that has grown old is told."""
        return f"{'、'.join(self.tags)}|{self.expires_on or ''}"

    @property
    def type_label(self) -> str:
        kind = BY_CONTENT_TYPE.get(self.content_type)
        return str(kind.label) if kind else self.content_type

    @property
    def reason(self) -> str:
        """Why the checks did not let it pass, and what to do; empty for a file that passed or waits."""
        if not self.finding:
            return ""
        words = {"finding": self.get_finding_display(), "advice": ADVICE[self.finding]}
        if self.finding_detail:
            return gettext("%(finding)s（%(detail)s）。%(advice)s") % {**words, "detail": self.finding_detail}
        return gettext("%(finding)s。%(advice)s") % words

    @property
    def flag_labels(self) -> list[str]:
        return [str(Flag(flag).label) for flag in self.flags]


class Extract(models.Model):
    """What a document says, as plain text and tables: to read without opening it, and to search.

    `blocks` is a list of {"kind": "text", "text": …} and {"kind": "table", "name": …, "rows": [[…]]};
    `is_cut` says that the document went on. `folded` is the text as search compares it, and `bigrams` are its
    pairs of neighbouring characters, by which PostgreSQL finds words of any length, Chinese ones of two
    characters included; both follow from the text.
    """

    stored = models.OneToOneField(StoredFile, primary_key=True, on_delete=models.CASCADE, related_name="extract")
    blocks = models.JSONField(default=list)
    text = models.TextField(blank=True)
    folded = models.TextField(blank=True, editable=False)
    bigrams = ArrayField(models.CharField(max_length=2), default=list)
    is_cut = models.BooleanField(default=False)

    class Meta:
        indexes = [GinIndex(fields=["bigrams"], name="extract_bigrams")]

    def __str__(self) -> str:
        return str(self.stored_id)

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.folded, self.bigrams = folded(self.text), bigrams(self.text)
        if update_fields is not None:
            update_fields = {*update_fields, "folded", "bigrams"}
        super().save(*args, update_fields=update_fields, **kwargs)


class LegalHold(models.Model):
    """While it stands, nothing of the institution is deleted, whatever the plan's retention says."""

    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="legal_holds")
    reason = models.TextField(_("保全理由"))
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(default=timezone.now)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["institution"], condition=Q(released_at=None), name="legal_hold_one_at_a_time"
            ),
            models.CheckConstraint(
                name="legal_hold_released_by_someone",
                condition=Q(released_at=None, released_by=None)
                | Q(released_at__isnull=False, released_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution} {self.placed_at:%Y-%m-%d}"
