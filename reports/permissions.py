"""Predicates on reports; each reads as a sentence. Whether the row is visible was asked before."""

from __future__ import annotations

from portal.accounts.enums import Permission
from portal.accounts.models import Institution, Membership, User
from reports.enums import ReportKind
from reports.models import Report

# The reports that a permission lets one ask for, the one most asked for first.
KINDS = {
    Permission.EXPORT_STATUS: (ReportKind.STATUS, ReportKind.ASSESSMENT),
    Permission.EXPORT_SUPERVISORY: (
        ReportKind.SUPERVISORY,
        ReportKind.TASK,
        ReportKind.STATUS,
        ReportKind.ASSESSMENT,
    ),
}


def kinds_for(membership: Membership | None) -> list[ReportKind]:
    """The reports that the role may ask for: an institution's of itself, a supervising body's of its scope."""
    may = [kinds for needed, kinds in KINDS.items() if membership and membership.may(needed)]
    return list(dict.fromkeys(kind for kinds in may for kind in kinds))


def kind_for(membership: Membership | None) -> ReportKind | None:
    """The report that the role asks for most; None for a role that asks for none."""
    return next(iter(kinds_for(membership)), None)


def is_in_reach(membership: Membership, institution: Institution | None) -> bool:
    """Whether the role reaches the institution that a report is about; one on a whole scope is about none."""
    rows = Institution.objects.visible_to(membership.user, acting=membership)
    return institution is None or rows.filter(pk=institution.pk).exists()


def may_export_packages(membership: Membership | None) -> bool:
    """Who may ask for a report may also ask for what was signed, with its files."""
    return kind_for(membership) is not None


def may_export_ledger(membership: Membership | None) -> bool:
    """Who submitted what when, for the scope of the body acted for."""
    return membership is not None and membership.may(Permission.EXPORT_SUPERVISORY)


def may_export_batch(membership: Membership | None) -> bool:
    """The reports of all institutions in scope at once."""
    return membership is not None and membership.may(Permission.EXPORT_SUPERVISORY)


def may_export_rows(membership: Membership | None) -> bool:
    """All that a list of the explorer finds, as a file."""
    return membership is not None and membership.may(Permission.EXPORT_SUPERVISORY)


def may_export_proof(membership: Membership | None) -> bool:
    """Who was told what: whoever may ask for a report and see the proof on its page."""
    return membership is not None and kind_for(membership) is not None and membership.may(Permission.SEE_PROOF)


def may_see_own_profile(membership: Membership | None) -> bool:
    """Those who sign, and those who manage people: a contributor sees nobody's address elsewhere."""
    if membership is None or membership.is_supervising:
        return False
    return membership.may(Permission.SIGN) or membership.may(Permission.MANAGE_PEOPLE)


def may_ask_for_composed(membership: Membership, report: Report) -> bool:
    """A draft is for those who export reports anyway; what is issued, for those who approve."""
    return membership.may(Permission.EXPORT_SUPERVISORY if report.is_draft else Permission.COMPOSE_REPORTS)


def may_ask(membership: Membership, report: Report) -> bool:
    if report.composition_id:
        return may_ask_for_composed(membership, report)
    if report.is_package:
        return may_export_packages(membership)
    if report.is_batch:
        return may_export_batch(membership)
    if report.batch_id:
        return membership.may(Permission.EXPORT_SUPERVISORY)
    if report.is_ledger:
        return may_export_ledger(membership)
    if report.is_proof:
        return may_export_proof(membership)
    if report.is_export:
        return may_export_rows(membership)
    return report.kind in kinds_for(membership)


def membership_for(user: User, report: Report) -> Membership | None:
    """The membership in which the user may ask for the report, while there is one."""
    return next((m for m in user.active_memberships if m.body == report.body and may_ask(m, report)), None)


def can_ask_for(user: User, report: Report) -> bool:
    return membership_for(user, report) is not None and not has_left_scope(user, report)


def has_left_scope(user: User, report: Report) -> bool:
    """Whether an authority's report is on an institution that it supervises no more."""
    membership = membership_for(user, report) if report.authority_id else None
    return membership is not None and not is_in_reach(membership, report.institution)
