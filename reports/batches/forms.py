from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Region
from reports.forms import DatedForm

ALL = _("全部")


class RegionField(forms.ModelChoiceField):
    def label_from_instance(self, region: Region) -> str:
        return region.local_name


class BatchForm(DatedForm):
    """Which plan, as at which day, and which institutions of the scope: all, or those of a kind or a region."""

    kind = forms.ChoiceField(label=_("机构类别"), required=False, choices=[("", ALL), *InstitutionKind.choices])
    region = RegionField(
        label=_("地区"), required=False, queryset=Region.objects.all(), to_field_name="code", empty_label=ALL
    )
    field_order = ["plan", "kind", "region", "day", "language"]
