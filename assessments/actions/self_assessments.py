"""The institution's side: handing in, signing, sending back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from assessments.actions.scores import write_scores
from assessments.completeness import missing
from assessments.content import content_to_sign, digests_to_sign
from assessments.enums import TRANSITIONS
from assessments.models import SelfAssessment
from assessments.permissions import can_fill_in, can_sign
from assessments.signed import entries_of
from portal.accounts.access import check
from portal.accounts.enums import Role
from portal.accounts.models import User
from portal.gate import pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from tasks.models import Evidence
from tasks.signing import ContentChanged, changed_since
from vault.enums import FileState


@transaction.atomic
def hand_in(*, self_assessment: SelfAssessment, by: User) -> SelfAssessment:
    """Put the answers before the CIO; refused while something is missing (assessments/completeness.py)."""
    check(can_fill_in(by, self_assessment))
    self_assessment = pass_gate(row=self_assessment, name="hand_in", moves=TRANSITIONS, by=by, sent_back_reason="")
    lacking = missing(self_assessment)
    if lacking:
        raise ValidationError(
            _("下列要求尚未填写完整：%(references)s。") % {"references": "、".join(line.in_words for line in lacking)},
            code="incomplete",
        )
    _check_files(self_assessment)
    tell_institution(
        self_assessment,
        NoticeKind.AWAITING_SIGNATURE,
        [Role.CIO],
        f"handed_in:{self_assessment.handed_in_at}",
    )
    return self_assessment


def _check_files(self_assessment: SelfAssessment) -> None:
    """Nothing is put before the CIO that the checks have not let pass, such as a version that was replaced since."""
    linked = Evidence.objects.current().filter(answers__self_assessment=self_assessment)
    files = linked.exclude(stored__state=FileState.CLEAN).distinct()
    if files:
        raise ValidationError(
            _("下列文件尚未检查完毕或未通过检查，不能提交：%(names)s。请等待检查完成，或取消勾选这些文件。")
            % {"names": "、".join(file.original_name for file in files)},
            code="unchecked",
        )


@transaction.atomic
def send_back(*, self_assessment: SelfAssessment, reason: str, by: User) -> SelfAssessment:
    """The CIO gives the answers back to the contributor, with a reason; no supervisor hears of it."""
    check(can_sign(by, self_assessment))
    if not reason.strip():
        raise ValidationError(_("请填写退回的理由。"), code="reason")
    self_assessment = pass_gate(
        row=self_assessment,
        name="send_back",
        moves=TRANSITIONS,
        by=by,
        sent_back_reason=reason,
        data={"reason": reason},
    )
    tell_institution(
        self_assessment,
        NoticeKind.SENT_BACK,
        [Role.CONTRIBUTOR, Role.LIAISON],
        f"sent_back:{self_assessment.sent_back_at}",
    )
    return self_assessment


@transaction.atomic
def sign(
    *,
    self_assessment: SelfAssessment,
    seen_sha256: str,
    by: User,
    shown: Mapping[str, str] | None = None,
    reauthenticated: str = "",
) -> SelfAssessment:
    """The CIO signs off: this version is frozen and reaches the supervisor.

    `seen_sha256` is the digest of what the signing page showed, `shown` that of each requirement by reference;
    raises ContentChanged when the content is another by now. `reauthenticated` is how the signer proved once more
    who they are; empty where no page asked.
    """
    check(can_sign(by, self_assessment))
    locked = SelfAssessment.objects.select_for_update(of=("self",)).get(pk=self_assessment.pk)
    _check_files(locked)
    content = content_to_sign(locked)
    digest = digests_to_sign(content)
    signed = pass_gate(
        row=locked,
        name="sign",
        moves=TRANSITIONS,
        by=by,
        content=content,
        sha256=digest.sha256,
        sm3=digest.sm3,
        signed_by=by,
        data={
            "version": locked.version,
            "sha256": digest.sha256,
            "sm3": digest.sm3,
            "reauthenticated": reauthenticated,
        },
    )
    entries = list(entries_of(content))
    if digest.sha256 != seen_sha256:
        raise ContentChanged(changed_since(shown or {}, entries))
    files = [file["id"] for entry in entries for file in entry["evidence"]]
    Evidence.objects.filter(pk__in=files, frozen_at=None).update(frozen_at=signed.signed_at)
    write_scores(signed)
    return signed


def tell_institution(self_assessment: SelfAssessment, kind: NoticeKind, roles: Iterable[Role], event: str) -> None:
    cycle = self_assessment.cycle
    people = User.objects.filter(
        is_active=True,
        memberships__institution=self_assessment.institution_id,
        memberships__is_active=True,
        memberships__role__in=roles,
    )
    notify(
        recipients=people,
        kind=kind,
        key=f"self_assessment:{self_assessment.pk}:{event}",
        path=self_assessment.get_absolute_url(),
        institution=self_assessment.institution,
        data={
            "subject": "self_assessment",
            "title": cycle.title,
            "title_en": cycle.title_en,
            "version": self_assessment.version,
            "deadline": cycle.due_on.isoformat(),
        },
    )
