"""Imports run one way, between apps and between the layers inside an app."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Each app may import from those before it; the first three are one floor.
FLOORS = {
    "portal.accounts": 0,
    "portal.audit": 0,
    "portal.notices": 0,
    "vault": 1,
    "plan": 2,
    "tasks": 3,
    "assessments": 4,
    "reports": 5,
    "portal.shell": 6,
}
LAYERS = ["enums", "querysets", "models", "permissions", "actions", "forms", "filters", "views", "api", "urls"]
SOURCES = [
    path for app in FLOORS for path in (ROOT / app.replace(".", "/")).rglob("*.py") if "migrations" not in path.parts
]


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def app_of(name: str) -> str | None:
    return next((app for app in FLOORS if name == app or name.startswith(app + ".")), None)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_imports_run_one_way(path):
    app = app_of(module(path))
    for name in imports(path):
        other = app_of(name)
        assert not other or FLOORS[other] <= FLOORS[app], f"{module(path)} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_layers_inside_an_app(path):
    app, layer = app_of(module(path)), path.stem
    if layer not in LAYERS:
        return
    for name in imports(path):
        other = name.removeprefix(f"{app}.").split(".")[0]
        if app_of(name) == app and other in LAYERS:
            assert LAYERS.index(other) <= LAYERS.index(layer), f"{module(path)} imports {name}"


def test_the_house_stands_below_the_apps():
    """What every app uses (`portal/*.py`) imports no app but the first floor; entry points know them all."""
    for path in (ROOT / "portal").glob("*.py"):
        if path.stem in ("urls", "api", "wsgi"):
            continue
        for name in imports(path):
            assert FLOORS.get(app_of(name) or "", 0) == 0, f"{module(path)} imports {name}"


def test_no_names_that_say_nothing():
    names = {"utils", "helpers", "managers", "misc", "common", "signals"}
    assert not [module(path) for path in SOURCES if path.stem in names]
