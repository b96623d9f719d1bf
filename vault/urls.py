from django.urls import path

from vault.views import files, library

app_name = "vault"

urlpatterns = [
    path("", library.library, name="library"),
    path("<uuid:pk>/", files.file, name="file"),
]
