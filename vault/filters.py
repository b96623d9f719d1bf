"""What the library can be narrowed to. The address of a filtered list says all of it."""

from __future__ import annotations

import django_filters as filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from vault.enums import FileState
from vault.models import StoredFile
from vault.querysets import StoredFileQuerySet

USES = [("used", _("使用中")), ("unused", _("未使用")), ("signed", _("已随报送签署"))]
EXPIRY = [("expired", _("已过期")), ("30", _("30 天内到期")), ("90", _("90 天内到期"))]


def own_files(request: HttpRequest) -> StoredFileQuerySet:
    """Those of the institution one acts for."""
    return StoredFile.objects.visible_to(request.user, acting=request.membership)  # type: ignore[attr-defined]


class FileFilter(filters.FilterSet):
    """What every list of stored files has: search, and tags."""

    q = filters.CharFilter(label=_("名称或正文"), method="with_text", max_length=100)
    tag = filters.ChoiceFilter(label=_("标签"), method="with_tag", empty_label=_("全部"))

    class Meta:
        model = StoredFile
        fields: list[str] = []

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.filters["tag"].extra["choices"] = [(tag, tag) for tag in self.queryset.known_tags()]

    def with_text(self, rows: StoredFileQuerySet, name: str, value: str) -> StoredFileQuerySet:
        return rows.search(value)

    def with_tag(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(tags__contains=[value])


class LibraryFilter(FileFilter):
    state = filters.ChoiceFilter(label=_("检查情况"), choices=FileState.choices, empty_label=_("全部"))
    task = filters.ChoiceFilter(label=_("任务"), method="of_task", empty_label=_("全部"))
    expiry = filters.ChoiceFilter(label=_("有效期"), choices=EXPIRY, method="by_expiry", empty_label=_("不限"))
    use = filters.ChoiceFilter(label=_("使用情况"), choices=USES, method="by_use", empty_label=_("全部"))

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.filters["task"].extra["choices"] = _tasks_with(self.queryset)

    def of_task(self, rows: StoredFileQuerySet, name: str, value: str) -> StoredFileQuerySet:
        return rows.of_task(int(value))

    def by_expiry(self, rows: StoredFileQuerySet, name: str, value: str) -> StoredFileQuerySet:
        return rows.live().expired() if value == "expired" else rows.live().expiring(int(value))

    def by_use(self, rows: StoredFileQuerySet, name: str, value: str) -> StoredFileQuerySet:
        return {"used": rows.used, "unused": rows.unused, "signed": rows.signed}[value]()


def _tasks_with(files: StoredFileQuerySet) -> list[tuple[int, str]]:
    """By number; of plans that use a number twice, the later one names it."""
    path = "evidence__assignment__task__"
    rows = files.filter(evidence__isnull=False).order_by(f"{path}plan__starts_on", f"{path}number")
    tasks = rows.values_list(f"{path}plan__starts_on", f"{path}number", f"{path}title", f"{path}title_en").distinct()
    is_english = (get_language() or "").startswith("en")
    return list(
        {number: f"{number} {(is_english and english) or title}" for _day, number, title, english in tasks}.items()
    )
