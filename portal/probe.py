"""Asks the web process of this machine's own `/healthz`, for container health checks and start-up.

    python -m portal.probe

ends with 0 when everything is alive, else with 1 and what is not.
"""

import json
import os
import sys
import urllib.error
import urllib.request


def ask() -> dict[str, str] | None:
    """The answer of /healthz, or None while nobody answers."""
    from django.conf import settings

    request = urllib.request.Request(
        f"http://127.0.0.1:{settings.PORT}/healthz", headers={"Host": settings.ALLOWED_HOSTS[0]}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        return json.loads(error.read()) if error.code == 503 else None
    except (OSError, ValueError):
        return None


def dead(answer: dict[str, str] | None) -> list[str]:
    """The parts that are not alive; web when there is no answer."""
    return ["web"] if answer is None else [part for part, state in answer.items() if state != "ok"]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if missing := dead(ask()):
        sys.exit("not alive: " + ", ".join(missing))
