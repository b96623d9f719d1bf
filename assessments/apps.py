from django.apps import AppConfig


class AssessmentsConfig(AppConfig):
    name = "assessments"

    def ready(self) -> None:
        from assessments.reminders import MEASURES, RECTIFICATIONS, SELF_ASSESSMENTS
        from portal.notices.reminders.subjects import register

        register(MEASURES)
        register(RECTIFICATIONS)
        register(SELF_ASSESSMENTS)
