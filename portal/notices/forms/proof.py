"""How the proof of delivery is narrowed down. The address of the page says all of it."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Institution, Membership, User
from portal.notices.enums import SUPERVISORY, Channel, DeliveryState, NoticeKind
from portal.notices.models import Delivery
from portal.notices.querysets import NoticeQuerySet
from portal.widgets import SearchSelect

TOLD, FAILED, REPORTED = "told", "failed", "reported"
READ, UNREAD = "read", "unread"
ALL = ("", _("全部"))


class NameField(forms.ModelChoiceField):
    def label_from_instance(self, person: User) -> str:
        return person.name


class ProofForm(forms.Form):
    """`tab`: what was told, whom it did not reach, or what supervisors were told. The tabs name it, so no chip does."""

    institution = forms.ModelChoiceField(
        label=_("机构"),
        required=False,
        queryset=Institution.objects.none(),
        widget=SearchSelect("accounts:institution_options"),
    )
    person = NameField(label=_("收件人"), required=False, queryset=User.objects.none(), empty_label=_("全部"))
    kind = forms.ChoiceField(label=_("类别"), required=False)
    channel = forms.ChoiceField(label=_("方式"), required=False, choices=[ALL, *Channel.choices])
    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[ALL, (READ, _("已读")), (UNREAD, _("未读")), *DeliveryState.choices],
    )
    start = forms.DateField(label=_("开始日期"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    end = forms.DateField(label=_("结束日期"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    tab = forms.ChoiceField(
        required=False, choices=[(tab, "") for tab in (TOLD, FAILED, REPORTED)], widget=forms.HiddenInput
    )

    def __init__(self, data: Any, *, user: User, membership: Membership) -> None:
        super().__init__(data)
        self.membership = membership
        kinds = SUPERVISORY if membership.is_supervising else [k for k in NoticeKind if k != NoticeKind.INVITATION]
        self.fields["kind"].choices = [ALL, *((kind.value, kind.label) for kind in kinds)]
        if membership.is_supervising:
            self.fields["institution"].queryset = Institution.objects.visible_to(user, acting=membership)
        else:
            del self.fields["institution"]
        self.is_valid()
        self.wanted: dict[str, Any] = self.cleaned_data
        self._fit_to_tab()

    @property
    def shown_institution(self) -> Institution | None:
        return self.wanted.get("institution") or self.membership.institution

    @property
    def shown_tab(self) -> str:
        """Without an institution, supervisors are shown whom nothing reaches in their whole scope."""
        return self.wanted.get("tab") or (TOLD if self.shown_institution else FAILED)

    def _fit_to_tab(self) -> None:
        """People are those of the institution; only the shown tab's filters stand above it."""
        if self.shown_institution and self.shown_tab != REPORTED:
            joined = Membership.objects.filter(user=OuterRef("pk"), institution=self.shown_institution)
            field = self.fields["person"]
            field.queryset = User.objects.filter(Exists(joined)).order_by("name", "pk")
            try:
                self.wanted["person"] = field.clean(self.data.get("person"))
            except forms.ValidationError:
                self.wanted["person"] = None
            self.errors.pop("person", None)
        else:
            del self.fields["person"]
        if self.shown_tab == REPORTED:
            for name in ("kind", "channel", "state"):
                del self.fields[name]

    def narrowed(self, notices: NoticeQuerySet) -> NoticeQuerySet:
        wanted = self.wanted
        if wanted.get("person"):
            notices = notices.filter(recipient=wanted["person"])
        if wanted.get("kind"):
            notices = notices.filter(kind=wanted["kind"])
        return self._by_delivery(self.in_period(notices))

    def in_period(self, rows: Any) -> Any:
        """Notices or escalations of the institution, where one is chosen, from the first day to the last."""
        if self.shown_institution:
            rows = rows.filter(institution=self.shown_institution)
        if start := self.wanted.get("start"):
            rows = rows.filter(created_at__gte=_midnight(start))
        if end := self.wanted.get("end"):
            rows = rows.filter(created_at__lt=_midnight(end + datetime.timedelta(days=1)))
        return rows

    def _by_delivery(self, notices: NoticeQuerySet) -> NoticeQuerySet:
        state, deliveries = self.wanted.get("state"), Delivery.objects.filter(notice=OuterRef("pk"))
        if state in (READ, UNREAD):
            notices = notices.filter(read_at__isnull=state == UNREAD)
        elif state:
            deliveries = deliveries.filter(state=state)
        if channel := self.wanted.get("channel"):
            deliveries = deliveries.filter(channel=channel)
        if channel or state not in ("", None, READ, UNREAD):
            notices = notices.filter(Exists(deliveries))
        return notices


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
