from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "vault"

    def ready(self) -> None:
        from portal.notices.reminders.subjects import register
        from vault.reminders import FILES

        register(FILES)
