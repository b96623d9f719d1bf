"""What a supervisor's lists can be narrowed to by the institutions they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import django_filters as filters
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from portal.accounts.enums import AuthorityKind, InstitutionKind
from portal.accounts.models import Authority, Institution, Region
from portal.accounts.querysets import in_scope
from portal.filters import LocalChoiceFilter
from portal.widgets import CheckMenu, SearchSelect

MANY = 1000  # institutions: fewer are found sooner one by one


def region_choices() -> list[tuple[str, str]]:
    return [(region.code, region.local_name) for region in Region.objects.all()]


class ScopeFilter(filters.FilterSet):
    """Rows whose institution is at the field path `institution_path`; an empty one: the rows are institutions.

    The filters stand in the `order` given. Kinds and regions are compared as they stand on the institution: with
    further joins PostgreSQL does not see how few rows a region has.
    """

    institution_path: ClassVar[str] = "institution"
    order: ClassVar[Sequence[str]] = ()

    kind = filters.MultipleChoiceFilter(
        label=_("机构类别"), choices=InstitutionKind.choices, widget=CheckMenu, method="of_kind"
    )
    region = filters.MultipleChoiceFilter(label=_("地区"), choices=region_choices, widget=CheckMenu, method="in_region")
    institution = LocalChoiceFilter(
        label=_("机构名称"),
        queryset=lambda request: Institution.objects.visible_to(request.user, acting=request.membership),
        widget=SearchSelect("accounts:institution_options"),
        method="of_institution",
    )
    # Headquarters asks how an office or an association stands with those it supervises.
    authority = LocalChoiceFilter(
        label=_("监管单位"),
        queryset=Authority.objects.exclude(kind=AuthorityKind.HEADQUARTERS),
        empty_label=_("全部"),
        method="of_authority",
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        authority = self.request.membership.authority
        if authority is None or authority.kind != AuthorityKind.HEADQUARTERS:
            del self.filters["authority"]
        if not self.institution_path:
            del self.filters["institution"]
        self.filters = {name: self.filters[name] for name in self.order if name in self.filters}

    @property
    def prefix(self) -> str:
        return f"{self.institution_path}__" if self.institution_path else ""

    def of_kind(self, rows: QuerySet, name: str, value: list[str]) -> QuerySet:
        """Where there are many such institutions, rows are held against a list of them: those of other kinds may all
        come before, as their tasks are due before, and to look up the institution of each takes too long.
        """
        institutions = Institution.objects.filter(kind__in=value).order_by().values("pk")
        if regions := self.form.cleaned_data.get("region"):
            institutions = institutions.filter(region__code__in=regions)
        if not self.institution_path or institutions[:MANY].count() < MANY:
            return rows.filter(**{f"{self.prefix}kind__in": value})
        # As a condition alone it would be a join again.
        is_listed = Coalesce(Q(**{f"{self.institution_path}__in": institutions}), False)
        return rows.alias(is_listed=is_listed).filter(is_listed=True)

    def in_region(self, rows: QuerySet, name: str, value: list[str]) -> QuerySet:
        regions = list(Region.objects.filter(code__in=value).values_list("pk", flat=True))
        return rows.filter(**{f"{self.prefix}region__in": regions})

    def of_institution(self, rows: QuerySet, name: str, value: Institution) -> QuerySet:
        return rows.filter(**{self.institution_path: value})

    def of_authority(self, rows: QuerySet, name: str, value: Authority) -> QuerySet:
        return rows.filter(in_scope(value, self.prefix))
