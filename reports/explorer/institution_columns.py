"""The columns that every subject whose rows have an institution begins or ends with."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from reports.explorer.subjects import Column

KIND = Column(
    "kind", _("机构类别"), lambda row: row.institution.get_kind_display(), css="short", joins=("institution",)
)
REGION = Column(
    "region",
    _("地区"),
    lambda row: row.institution.region.local_name,
    width=10,
    css="short",
    joins=("institution__region",),
)
CREDIT_CODE = Column(
    "credit_code",
    _("统一社会信用代码"),
    lambda row: row.institution.credit_code,
    width=22,
    css="short",
    is_shown=False,
    joins=("institution",),
)
