from django.apps import AppConfig
from django.core.checks import Tags, register


class ShellConfig(AppConfig):
    name = "portal.shell"

    def ready(self) -> None:
        from portal.shell.demo_guard import check_demo_accounts

        register(check_demo_accounts, Tags.database)
