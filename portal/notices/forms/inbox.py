"""What the inbox's address says."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from portal.accounts.models import Institution
from portal.notices.groups import NoticeGroup, in_group
from portal.notices.models import Notice
from portal.widgets import SearchSelect


class InboxForm(forms.Form):
    """The filters; only who supervises is told of several institutions."""

    group = forms.ChoiceField(
        label=gettext_lazy("类别"), choices=[("", gettext_lazy("全部")), *NoticeGroup.choices], required=False
    )
    institution = forms.ModelChoiceField(
        label=gettext_lazy("机构"),
        queryset=Institution.objects.none(),
        widget=SearchSelect("accounts:institution_options"),
        required=False,
    )
    unread = forms.ChoiceField(
        label=gettext_lazy("状态"), choices=[("", gettext_lazy("全部")), ("1", gettext_lazy("未读"))], required=False
    )

    def __init__(self, *args, reader, is_supervising: bool, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.reader = reader
        if is_supervising:
            self.fields["institution"].queryset = Institution.objects.visible_to(reader)
        else:
            del self.fields["institution"]

    def notices(self) -> QuerySet[Notice]:
        """The reader's own; a filter that makes no sense is none."""
        self.is_valid()
        wanted = self.cleaned_data
        rows = Notice.objects.visible_to(self.reader)
        if wanted.get("group"):
            rows = rows.filter(in_group(NoticeGroup(wanted["group"])))
        if wanted.get("institution"):
            rows = rows.filter(institution=wanted["institution"])
        return rows.unread() if wanted.get("unread") else rows

    @property
    def is_filtering(self) -> bool:
        return any(self.cleaned_data.values())

    @property
    def kept(self) -> dict[str, str]:
        """The filters in force, as the address has them."""
        return {name: self.data[name] for name in self.fields if self.cleaned_data.get(name)}

    @property
    def query(self) -> str:
        """As an address ends with them."""
        return f"?{urlencode(self.kept)}" if self.kept else ""
