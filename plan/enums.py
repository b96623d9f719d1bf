"""Whom a requirement addresses, how it is proved, and which part an institution plays in a task."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.accounts.enums import InstitutionKind

# A maturity requirement is rated 0 to 5, each level with its own criterion.
MATURITY_LEVELS = range(6)


class Level(TextChoices):
    """Whom a requirement addresses: the industry as a whole, core institutions first, or each institution."""

    INDUSTRY = "industry", _("行业")
    CORE = "core", _("核心")
    INSTITUTION = "institution", _("机构")


class RequirementKind(TextChoices):
    """How a requirement is answered."""

    EVIDENCE = "evidence", _("证明材料")
    MATURITY = "maturity", _("成熟度")
    RATIO = "ratio", _("比例")
    NUMBER = "number", _("数值")
    DATE = "date", _("日期")
    YES_NO = "yes_no", _("是否")


class Binding(TextChoices):
    MANDATORY = "mandatory", _("必选")
    ENCOURAGED = "encouraged", _("鼓励")


class Part(TextChoices):
    """The part an institution plays in a task."""

    LEAD = "lead", _("牵头")
    SUPPORT = "support", _("配合")
    IMPLEMENT = "implement", _("落实")

    @classmethod
    def for_institution(cls, kind: str, levels: Collection[str]) -> Part:
        """The part that an institution of `kind` plays in a task whose requirements have these `levels`.

        Core institutions and associations lead what concerns the whole industry. Operating institutions do
        what is asked of each institution, and support a task that asks nothing of them directly. Everybody
        therefore has a part in every task.
        """
        if kind in (InstitutionKind.CORE, InstitutionKind.ASSOCIATION):
            industry_wide = Level.INDUSTRY in levels or Level.CORE in levels
            return cls.LEAD if industry_wide else cls.IMPLEMENT
        return cls.IMPLEMENT if Level.INSTITUTION in levels else cls.SUPPORT


# The levels of requirements that each part answers.
PART_LEVELS: dict[Part, tuple[Level, ...]] = {
    Part.LEAD: (Level.INDUSTRY, Level.CORE, Level.INSTITUTION),
    Part.SUPPORT: (Level.INDUSTRY,),
    Part.IMPLEMENT: (Level.INSTITUTION,),
}


class Reminded(TextChoices):
    """The kinds of deadline whose reminders a plan sets; the values name them in the keys of notices."""

    ASSIGNMENT = "reminder", _("任务期限")
    SELF_ASSESSMENT = "self-assessment-due", _("自评截止日期")
    RECTIFICATION = "rectification-due", _("整改期限")
    MEASURE = "measure-due", _("整改措施的计划完成日期")
