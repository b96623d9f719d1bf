"""One look at the dashboard: what was asked for, over what the reader sees."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import QueryDict

from plan.models import Plan, Theme
from portal.accounts.models import Authority, Institution, Membership, User
from portal.accounts.querysets import InstitutionQuerySet
from reports.dashboard.filters import DashboardForm
from reports.links import tasks_url
from reports.progress import Position, position
from tasks.past import AT


@dataclass(frozen=True)
class Asked:
    user: User
    membership: Membership
    query: QueryDict
    plan: Plan
    themes: list[Theme]
    theme: Theme | None
    kinds: list[str]
    regions: list[str]
    authority: Authority | None
    day: datetime.date
    before: datetime.date | None
    is_today: bool

    @classmethod
    def of(cls, form: DashboardForm, user: User, membership: Membership, plan: Plan) -> Asked:
        chosen = form.chosen
        return cls(
            user=user,
            membership=membership,
            query=form.data,
            plan=plan,
            themes=list(form.themes.values()),
            theme=form.asked_theme,
            kinds=chosen.get("kind", []),
            regions=chosen.get("region", []),
            authority=chosen.get("authority"),
            day=form.day,
            before=form.before,
            is_today=form.day == form.today,
        )

    @cached_property
    def institutions(self) -> InstitutionQuerySet:
        rows = Institution.objects.visible_to(self.user, acting=self.membership)
        if self.kinds:
            rows = rows.filter(kind__in=self.kinds)
        if self.regions:
            rows = rows.filter(region__code__in=self.regions)
        return rows.in_scope_of(self.authority) if self.authority else rows

    @property
    def is_narrowed(self) -> bool:
        """To some of the institutions that the reader sees."""
        return bool(self.kinds or self.regions or self.authority)

    def position(self, day: datetime.date) -> Position:
        return position(self.institutions, plan=self.plan, day=day, theme=self.theme)

    @cached_property
    def now(self) -> Position:
        return self.position(self.day)

    @cached_property
    def then(self) -> Position | None:
        return self.position(self.before) if self.before else None

    def link(self, **filters: Any) -> str:
        """The list of assignments behind a figure, as at the same day."""
        scope: dict[str, Any] = {} if self.is_today else {AT: self.day.isoformat()}
        if self.theme:
            scope["theme"] = self.theme.number
        if self.kinds:
            scope["kind"] = self.kinds
        if self.regions:
            scope["region"] = self.regions
        if self.authority:
            scope["authority"] = self.authority.pk
        return tasks_url(self.plan, **scope | filters)

    def as_at(self, day: datetime.date) -> str:
        """The query of the same page for another day."""
        query = self.query.copy()
        query[AT] = day.isoformat()
        if (self.before or day) >= day:
            query.pop("against", None)
        return f"?{query.urlencode()}"
