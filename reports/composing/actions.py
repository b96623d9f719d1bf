"""Compose a report, keep it as a template, approve it. What an approval issues is made by a worker."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from plan.models import Plan
from portal.accounts.access import check
from portal.accounts.models import Authority, Membership, User
from portal.audit.actions import record
from portal.gate import WrongState, pass_gate
from reports.actions import request_composed
from reports.composing.enums import TRANSITIONS
from reports.composing.permissions import can_approve, can_change, may_compose
from reports.contents.kinds import CONTENTS
from reports.enums import ReportKind
from reports.models import Composition, Report, ReportTemplate

CHANGED = (
    "title",
    "prefix",
    "language",
    "starts_on",
    "day",
    "sections",
    "opening",
    "texts",
    "kinds",
    "all_regions",
    "regions",
)


class StaleComposition(ValidationError):
    """Somebody saved meanwhile; `current` is how it stands now."""

    def __init__(self, current: Composition) -> None:
        super().__init__(
            _("%(name)s已于 %(at)s 保存了修改，本页内容未保存。请对照最新内容核对后再次保存，将以本页内容为准。")
            % {"name": current.updated_by.name, "at": f"{timezone.localtime(current.updated_at):%H:%M}"},
            code="stale",
        )
        self.current = current


class AlreadyDecided(WrongState):
    """Approved or discarded by somebody else meanwhile."""

    def __init__(self, current: Composition) -> None:
        if current.is_approved:
            said = _("本报告已由%(name)s批准，编号 %(number)s。您的操作未执行。") % {
                "name": current.approved_by.name,
                "number": current.document_number,
            }
        else:
            said = _("本报告已废弃，您的操作未执行。")
        super().__init__(said, code="already_decided")


# --- Composing --------------------------------------------------------------------------------------------


@transaction.atomic
def begin_composition(
    *, membership: Membership, plan: Plan, language: str, by: User, template: ReportTemplate | None = None
) -> Composition:
    """A draft of all sections over the whole scope, or as the template has it, as at the end of yesterday."""
    check(may_compose(membership) and membership in by.active_memberships)
    check(template is None or template.authority_id == membership.authority_id)
    with translation.override(language):
        arrangement = template.arranged if template else _usual(membership.authority)
        title = str(ReportKind(arrangement["kind"]).label)
    composition = Composition.objects.create(
        authority=membership.authority,
        plan=plan,
        language=language,
        title=title,
        day=timezone.localdate() - datetime.timedelta(days=1),
        created_by=by,
        updated_by=by,
        **arrangement,
    )
    record(action="composition.begin", by=by, target=composition, data={"template": template and template.pk})
    return composition


def _usual(authority: Authority) -> dict[str, Any]:
    kind = ReportKind.SUPERVISORY
    before = Composition.objects.filter(authority=authority).order_by("-pk").first()
    return {
        "kind": kind,
        "prefix": before.prefix if before else authority.local_name[:20],
        "sections": [section.key for section in CONTENTS[kind].sections],
        "kinds": authority.kinds,
        "all_regions": authority.all_regions,
        "regions": sorted(authority.regions.values_list("code", flat=True)),
    }


@transaction.atomic
def save_composition(*, composition: Composition, revision: int, changes: Mapping[str, Any], by: User) -> Composition:
    """Write the fields CHANGED over the `revision` that the writer saw.

    Raises StaleComposition when somebody saved meanwhile, AlreadyDecided when it is no draft any more.
    """
    check(can_change(by, composition))
    locked = _locked_draft(composition)
    if locked.revision != revision:
        raise StaleComposition(locked)
    for field in CHANGED:
        setattr(locked, field, changes[field])
    locked.revision += 1
    locked.updated_by, locked.updated_at = by, timezone.now()
    locked.save(update_fields=[*CHANGED, "revision", "updated_by", "updated_at"])
    record(action="composition.save", by=by, target=locked, data={"revision": locked.revision})
    return locked


@transaction.atomic
def discard_composition(*, composition: Composition, by: User) -> Composition:
    """Put the draft away for good. Raises AlreadyDecided when it is no draft any more."""
    check(can_change(by, composition))
    _locked_draft(composition)
    return pass_gate(row=composition, name="discard", moves=TRANSITIONS, by=by)


def _locked_draft(composition: Composition) -> Composition:
    rows = Composition.objects.select_for_update(of=("self",), no_key=True)
    locked = rows.select_related("plan", "authority", "updated_by", "approved_by").get(pk=composition.pk)
    if not locked.is_composing:
        raise AlreadyDecided(locked)
    return locked


# --- Deciding ---------------------------------------------------------------------------------------------


@transaction.atomic
def approve_composition(*, composition: Composition, revision: int, membership: Membership, by: User) -> Report:
    """Fix the draft at the `revision` that was read, give it the authority's next number, and issue it.

    Numbers of one authority are given one after the other, so none is given twice and none is left out. Raises
    StaleComposition when it was changed after it was read, AlreadyDecided for whoever comes second.
    """
    Authority.objects.select_for_update(of=("self",), no_key=True).get(pk=composition.authority_id)
    locked = _locked_draft(composition)
    check(can_approve(by, locked))
    if locked.revision != revision:
        raise StaleComposition(locked)
    at = timezone.now()
    year = timezone.localtime(at).year
    last = Composition.objects.issued_by(locked.authority, year).aggregate(last=Max("number"))["last"] or 0
    approved = pass_gate(
        row=locked,
        name="approve",
        moves=TRANSITIONS,
        by=by,
        at=at,
        data={"revision": locked.revision, "number": [year, last + 1]},
        approved_by=by,
        number_year=year,
        number=last + 1,
    )
    return request_composed(membership=membership, composition=approved, is_draft=False, by=by)


# --- Templates --------------------------------------------------------------------------------------------


@transaction.atomic
def save_template(*, composition: Composition, name: str, by: User) -> ReportTemplate:
    """Keep the composition's arrangement under a name that the authority does not use yet."""
    check(can_change(by, composition))
    template, is_new = ReportTemplate.objects.get_or_create(
        authority=composition.authority, name=name, defaults={**composition.arranged, "created_by": by}
    )
    if not is_new:
        raise ValidationError(_("本单位已有同名模板，请换一个名称，或先删除原有模板。"), code="name_taken")
    record(action="reporttemplate.create", by=by, target=template, data={"name": name, "composition": composition.pk})
    return template


@transaction.atomic
def delete_template(*, template: ReportTemplate, by: User) -> None:
    """Reports that began from it stay as they are."""
    check(can_change(by, template))
    record(action="reporttemplate.delete", by=by, target=template, data={"name": template.name})
    template.delete()
