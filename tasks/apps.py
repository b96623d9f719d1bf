from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"

    def ready(self) -> None:
        from portal.notices.reminders.subjects import register
        from tasks.reminders import ASSIGNMENTS

        register(ASSIGNMENTS)
