"""Who takes part, in which role, and what each role may do."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class InstitutionKind(TextChoices):
    CORE = "core", _("核心机构")
    SECURITIES = "securities", _("证券公司")
    FUTURES = "futures", _("期货公司")
    FUND = "fund", _("基金管理公司")
    ASSOCIATION = "association", _("行业协会")


class AuthorityKind(TextChoices):
    HEADQUARTERS = "headquarters", _("证监会")
    REGIONAL_OFFICE = "regional_office", _("派出机构")
    ASSOCIATION = "association", _("行业协会")


class Role(TextChoices):
    LIAISON = "liaison", _("联络人")
    CONTRIBUTOR = "contributor", _("填报人")
    CIO = "cio", _("首席信息官")
    SUPERVISOR = "supervisor", _("监管人员")
    LEAD_SUPERVISOR = "lead_supervisor", _("监管负责人")
    OBSERVER = "observer", _("观察员")


INSTITUTION_ROLES = (Role.LIAISON, Role.CONTRIBUTOR, Role.CIO)
AUTHORITY_ROLES = (Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER)


class Permission(TextChoices):
    """What a role lets a person do; on which rows is decided by `visible_to`."""

    FILL_IN = "fill_in", _("填报")
    SIGN = "sign", _("签署")
    MANAGE_PEOPLE = "manage_people", _("管理人员")
    EXPORT_STATUS = "export_status", _("导出落实情况报告")
    SUPERVISE = "supervise", _("查看监管范围")
    REVIEW = "review", _("审核")
    EXPORT_SUPERVISORY = "export_supervisory", _("导出监管进展报告")
    CONFIRM_REVIEWS = "confirm_reviews", _("复核审核结论、分派经办人")
    GRANT_EXTENSIONS = "grant_extensions", _("审批延期")
    MANAGE_PLAN = "manage_plan", _("管理计划")
    MANAGE_RETENTION = "manage_retention", _("管理材料留存")
    OPERATE = "operate", _("查看运行状况")
    URGE = "urge", _("催办")
    SEE_PROOF = "see_proof", _("查看送达记录")
    MANAGE_VIEWS = "manage_views", _("管理共享视图")
    COMPOSE_REPORTS = "compose_reports", _("编制和批准报告")


ROLE_PERMISSIONS = {
    Role.LIAISON: {Permission.FILL_IN, Permission.MANAGE_PEOPLE, Permission.SEE_PROOF},
    Role.CONTRIBUTOR: {Permission.FILL_IN},
    Role.CIO: {Permission.SIGN, Permission.EXPORT_STATUS, Permission.SEE_PROOF},
    Role.SUPERVISOR: {
        Permission.SUPERVISE,
        Permission.REVIEW,
        Permission.EXPORT_SUPERVISORY,
        Permission.URGE,
        Permission.SEE_PROOF,
    },
    Role.LEAD_SUPERVISOR: {
        Permission.SUPERVISE,
        Permission.REVIEW,
        Permission.EXPORT_SUPERVISORY,
        Permission.CONFIRM_REVIEWS,
        Permission.GRANT_EXTENSIONS,
        Permission.MANAGE_PLAN,
        Permission.MANAGE_RETENTION,
        Permission.OPERATE,
        Permission.MANAGE_PEOPLE,
        Permission.MANAGE_VIEWS,
        Permission.COMPOSE_REPORTS,
        Permission.URGE,
        Permission.SEE_PROOF,
    },
    Role.OBSERVER: {Permission.SUPERVISE, Permission.SEE_PROOF},
}

# Who gives verdicts, and so may be asked to deal with a case.
REVIEWING_ROLES = tuple(role for role in AUTHORITY_ROLES if Permission.REVIEW in ROLE_PERMISSIONS[role])

# A plan binds the whole industry, and the outbox is one for all: no matter for a lead supervisor of a regional office
# or an association.
HEADQUARTERS_ONLY = {Permission.MANAGE_PLAN, Permission.OPERATE}


class ListPage(TextChoices):
    """The lists whose filters can be saved under a name: the URL names of their pages."""

    REVIEW_QUEUE = "assessments:review_queue"
    SELF_ASSESSMENTS = "assessments:list"
    INSTITUTIONS = "explorer:institutions"
    ASSIGNMENTS = "explorer:assignments"
    REQUIREMENTS = "explorer:requirements"
    EVIDENCE = "explorer:evidence"
    RECTIFICATIONS = "explorer:rectifications"
