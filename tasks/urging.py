"""催办: a supervising body writes to the institutions of its scope, about open assignments or without a task.

Whom a message goes to is a selection: the filters of the list, or rows ticked. It always begins from what its sender
may urge, so nothing outside of the scope can get into it. The audit trail has one event for a message, in the common
ledger: a chain is written under a lock, and 25,000 ledgers in one transaction would hold up everybody's work. Which
institutions were told what stands in `UrgedInstitution`, which the database keeps as it was written.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from plan.models import Task
from portal.accounts.access import check
from portal.accounts.enums import INSTITUTION_ROLES, Permission, Role
from portal.accounts.models import Institution, Membership, User
from portal.accounts.querysets import InstitutionQuerySet
from portal.audit.actions import record
from portal.notices.enums import NoticeKind
from portal.notices.jobs import wake
from portal.notices.models import Notice
from portal.notices.outside import OUTSIDE, parameters
from tasks.models import Assignment, UrgedInstitution, Urging
from tasks.permissions import can_urge
from tasks.querysets import AssignmentQuerySet
from tasks.urging_texts import Matter, check_placeholders, filled

USUAL_ROLES = (Role.LIAISON, Role.CONTRIBUTOR)
RECENT = datetime.timedelta(days=3)
NAMED, RECENT_SHOWN = 50, 5
ROWS_AT_ONCE = 5000

# A supervisor's message waits for no digest.
TELL = f"""
    WITH noticed AS (
        INSERT INTO notices_notice (recipient_id, institution_id, kind, key, data, path, created_at)
        SELECT person.id, urged.institution_id, %(kind)s,
            'urging:' || urged.urging_id || ':' || urged.institution_id, urged.facts,
            CASE cardinality(urged.assignments) WHEN 0 THEN ''
                WHEN 1 THEN replace(%(path)s, '0', urged.assignments[1]::text) ELSE %(list)s END,
            %(now)s
        FROM tasks_urgedinstitution urged
        JOIN accounts_membership membership ON membership.institution_id = urged.institution_id
            AND membership.is_active AND membership.role = ANY(%(roles)s)
        JOIN accounts_user person ON person.id = membership.user_id AND person.is_active
        WHERE urged.urging_id = %(urging)s
        ON CONFLICT DO NOTHING
        RETURNING id, recipient_id
    ), told AS (
        SELECT id, recipient_id, true AS is_near FROM noticed
    )
    {OUTSIDE}
"""  # noqa: S608 - constants


# --- Whom -------------------------------------------------------------------------------------------------


def to_urge(rows: AssignmentQuerySet, user: User) -> AssignmentQuerySet:
    """Those that are the institution's to act on. Nobody urges an institution to which they belong."""
    return rows.to_act_on().filter(institution__is_active=True).exclude(institution__in=_own(user))


def _own(user: User) -> list[int]:
    return [m.institution_id for m in user.active_memberships if m.institution_id]


@dataclass(frozen=True)
class Selection:
    """`narrow` picks among what `by` may urge in that membership; `filters` is how it is written down."""

    by: User
    membership: Membership
    narrow: Callable[[Any], Any]
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_about_tasks: bool = True

    @property
    def authority(self) -> Any:
        return self.membership.authority

    @cached_property
    def rows(self) -> AssignmentQuerySet | InstitutionQuerySet:
        """Assignments that are the institution's to act on, or institutions."""
        model: Any = Assignment if self.is_about_tasks else Institution
        scope = model.objects.supervised_by(self.by, Permission.URGE, acting=self.membership)
        if self.is_about_tasks:
            scope = to_urge(scope, self.by)
        else:
            scope = scope.filter(is_active=True).exclude(pk__in=_own(self.by))
        return self.narrow(scope).order_by()

    @cached_property
    def institutions(self) -> InstitutionQuerySet:
        chosen = self.rows.values("institution") if self.is_about_tasks else self.rows.values("pk")
        return Institution.objects.filter(pk__in=chosen)

    def people(self, roles: Sequence[str] = INSTITUTION_ROLES) -> QuerySet[Membership]:
        """Who holds one of the roles in a chosen institution; who holds one in two is told for each."""
        return Membership.objects.filter(
            institution__in=self.institutions.values("pk"), role__in=roles, is_active=True, user__is_active=True
        ).order_by()

    def chosen(self, only: Institution | None = None) -> Iterator[Chosen]:
        """Each institution with what it is urged about."""
        institutions = self.institutions.filter(pk=only.pk) if only else self.institutions
        if not self.is_about_tasks:
            yield from (Chosen(institution, [], None) for institution in institutions)
            return
        rows: Any = self.rows.filter(institution=only) if only else self.rows
        ids = dict(rows.values_list("institution").annotate(ids=ArrayAgg("pk", order_by=("deadline", "pk"))))
        first = rows.order_by("institution", "deadline", "pk").distinct("institution")
        tasks, named = Task.objects.in_bulk(), institutions.in_bulk()
        for pk, task, deadline, is_official in first.values_list(
            "institution", "task", "deadline", "deadline_is_official"
        ):
            yield Chosen(named[pk], ids[pk], Matter(tasks[task], deadline, is_official, len(ids[pk])))


@dataclass(frozen=True)
class Chosen:
    institution: Institution
    assignments: list[int]
    matter: Matter | None


@dataclass(frozen=True)
class Summary:
    """Who would get a message sent to these roles. `skipped` were asked for and are not the institution's to act on."""

    institutions: int
    assignments: int
    skipped: int
    people: dict[str, int]
    roles: Sequence[str]
    unreached: list[Institution]
    unreached_count: int
    recent: list[dict[str, Any]]

    @property
    def told(self) -> int:
        return sum(number for role, number in self.people.items() if role in self.roles)

    @property
    def by_role(self) -> list[tuple[str, int, bool]]:
        """The name of each role, how many hold it, and whether they are told."""
        return [(str(role.label), self.people.get(role, 0), role in self.roles) for role in INSTITUTION_ROLES]

    @property
    def seen(self) -> str:
        """What the sender has seen: when it is no longer so, they look again before anything is sent."""
        return f"{self.institutions}-{self.assignments}-{self.told}"


def summary_of(selection: Selection, roles: Sequence[str]) -> Summary:
    institutions: Any = selection.institutions
    unreached = institutions.filter(~Exists(selection.people(roles).filter(institution=OuterRef("pk"))))
    model: Any = Assignment if selection.is_about_tasks else Institution
    asked_for = selection.narrow(model.objects.visible_to(selection.by, acting=selection.membership))
    number = selection.rows.count()
    return Summary(
        institutions=institutions.count(),
        assignments=number if selection.is_about_tasks else 0,
        skipped=asked_for.order_by().count() - number,
        people=dict(selection.people().values_list("role").annotate(Count("pk"))),
        roles=roles,
        unreached=list(unreached[:NAMED]),
        unreached_count=unreached.count(),
        recent=_recent(institutions),
    )


def _recent(institutions: InstitutionQuerySet) -> list[dict[str, Any]]:
    """The messages that some of them got in the last days, and how many of them."""
    since = timezone.now() - RECENT
    rows = UrgedInstitution.objects.filter(institution__in=institutions.values("pk"), urging__created_at__gte=since)
    fields = (
        "urging",
        "urging__created_at",
        "urging__by__name",
        "urging__authority__name",
        "urging__authority__name_en",
    )
    found = rows.order_by("-urging").values(*fields).annotate(number=Count("pk"))[:RECENT_SHOWN]
    is_english = (get_language() or "").startswith("en")
    return [
        {
            "at": row["urging__created_at"],
            "by": row["urging__by__name"],
            "authority": (is_english and row["urging__authority__name_en"]) or row["urging__authority__name"],
            "number": row["number"],
        }
        for row in found
    ]


# --- What -------------------------------------------------------------------------------------------------


def facts_of(chosen: Chosen, *, selection: Selection, subject: str, text: str) -> dict[str, Any]:
    """What the notice to the people of one institution holds."""
    matter, name = chosen.matter, chosen.institution.local_name
    heading = filled(subject, institution=name, matter=matter)
    facts: dict[str, Any] = {
        "authority": selection.authority.name,
        "authority_en": selection.authority.name_en,
        "heading": heading,
        "text": filled(text, institution=name, matter=matter),
    }
    if matter is None:
        return facts | {"title": heading, "title_en": heading}
    return facts | {
        "number": matter.task.number,
        "title": matter.task.title,
        "title_en": matter.task.title_en,
        "count": matter.count,
        "deadline": matter.deadline.isoformat(),
        "is_official": matter.is_official,
        "days": matter.days,
    }


def preview(
    *, selection: Selection, institution: Institution, roles: Sequence[str], subject: str, text: str
) -> Notice | None:
    """The notice that the first of those told in the institution would get; None where nobody would."""
    people = selection.people(roles).filter(institution=institution).select_related("user").order_by("role", "pk")
    first = people.first()
    chosen = next(selection.chosen(institution), None)
    if first is None or chosen is None:
        return None
    return Notice(
        recipient=first.user,
        institution=institution,
        kind=NoticeKind.URGED,
        data=facts_of(chosen, selection=selection, subject=subject, text=text),
        path=_path(chosen),
    )


def _path(chosen: Chosen) -> str:
    if not chosen.assignments:
        return ""
    if len(chosen.assignments) == 1:
        return reverse("tasks:detail", args=chosen.assignments)
    return reverse("tasks:list")


# --- The action -------------------------------------------------------------------------------------------


def send_urging(
    *, selection: Selection, roles: Sequence[Role], subject: str, text: str, token: UUID, by: User
) -> Urging:
    """Tell the people in those roles, once for each institution; the same token twice is one message.

    Raises ValidationError when nobody would be told, and for a placeholder that is none.
    """
    check(by == selection.by and can_urge(by, selection.membership))
    check_placeholders(subject + text, with_tasks=selection.is_about_tasks)
    try:
        return _send(selection, roles, subject.strip(), text.strip(), token)
    except IntegrityError:
        return Urging.objects.visible_to(by).get(token=token, by=by)


@transaction.atomic
def _send(selection: Selection, roles: Sequence[str], subject: str, text: str, token: UUID) -> Urging:
    all_chosen = list(selection.chosen())
    people: dict[int, int] = dict(selection.people(roles).values_list("institution").annotate(Count("pk")))
    told = sum(people.values())
    if not told:
        raise ValidationError(_("所选机构没有可以告知的人员，未发送。"), code="nobody")
    urging = Urging.objects.create(
        authority=selection.authority,
        by=selection.by,
        subject=subject,
        text=text,
        roles=list(roles),
        filters=dict(selection.filters),
        assignments=sum(len(chosen.assignments) for chosen in all_chosen),
        institutions=len(all_chosen),
        people=told,
        token=token,
    )
    rows = (
        UrgedInstitution(
            urging=urging,
            institution=chosen.institution,
            assignments=chosen.assignments,
            facts=facts_of(chosen, selection=selection, subject=subject, text=text),
            people=people.get(chosen.institution.pk, 0),
        )
        for chosen in all_chosen
    )
    UrgedInstitution.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)
    tell(urging)
    record(
        action="urging.sent",
        by=selection.by,
        target=urging,
        data={
            "authority": urging.authority_id,
            "institutions": urging.institutions,
            "assignments": urging.assignments,
            "people": told,
            "roles": urging.roles,
        },
    )
    wake()
    return urging


def tell(urging: Urging) -> None:
    """Notices and deliveries to everybody in its roles, at the time of the message."""
    with connection.cursor() as cursor:
        cursor.execute(
            TELL,
            {
                "urging": urging.pk,
                "kind": NoticeKind.URGED,
                "roles": urging.roles,
                "path": reverse("tasks:detail", args=[0]),
                "list": reverse("tasks:list"),
                "now": urging.created_at,
                **parameters(NoticeKind.URGED),
            },
        )
