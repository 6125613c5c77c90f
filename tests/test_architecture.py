"""The rules of the house, kept by walking the syntax trees: who may import whom, and how big things get."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("audio", "bot", "cogs")

MODULE_LINES, FUNCTION_LINES, CLASS_METHODS = 300, 40, 15
FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "misc", "manager", "managers"}

# What an outside library may be imported by: path prefixes of modules.
ONLY_IN = {
    "discord": ("bot/app.py", "bot/voice/", "bot/tools/guild", "cogs/"),
    "google": ("bot/live/",),
    "sqlalchemy": ("bot/store/",),
    "alembic": ("bot/store/",),
    "davey": ("audio/e2ee.py", "bot/voice/", "bot/loopback/"),
    "soxr": ("audio/resample.py", "bot/loopback/speech/", "bot/demo/"),
    "pydantic_settings": ("bot/settings.py",),
}
# The five sides of a room do not know each other; `bot/room.py` and its neighbours know them all.
SIDES = ("voice", "live", "turns", "tools", "loopback", "store")
CLOCKS = {("time", "time"), ("time", "monotonic"), ("time", "perf_counter"), ("datetime", "now")}
CLOCK_ALLOWED = ("bot/clock.py", "bot/voice/", "bot/loopback/", "bot/demo/")


def modules() -> Iterator[str]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix()


def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text())


def imports(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


every_module = pytest.mark.parametrize("module", list(modules()))


@every_module
def test_imports_run_one_way(module: str) -> None:
    package = module.split("/")[0]
    below = {"audio": {"audio"}, "bot": {"bot", "audio"}, "cogs": set(PACKAGES)}[package]
    ours = {name.split(".")[0] for name in imports(module)} & set(PACKAGES)
    assert ours <= below, f"{module} imports {ours - below}"


@every_module
def test_the_sides_of_a_room_do_not_know_each_other(module: str) -> None:
    parts = module.split("/")
    if parts[0] != "bot" or parts[1] not in SIDES:
        return
    for name in imports(module):
        side = name.split(".")[1] if name.startswith("bot.") and "." in name else ""
        assert side not in SIDES or side == parts[1], f"{module} imports {name}"
        assert side not in {"room", "rooms", "app", "cli"}, f"{module} imports {name}"


@every_module
def test_libraries_stay_in_their_place(module: str) -> None:
    for name in imports(module):
        allowed = ONLY_IN.get(name.split(".")[0])
        assert allowed is None or module.startswith(allowed), f"{module} imports {name}"


@every_module
def test_nobody_but_the_clock_reads_the_time(module: str) -> None:
    if module.startswith(CLOCK_ALLOWED):
        return
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in CLOCKS, f"{module}:{node.lineno} reads a clock"


@every_module
def test_nobody_but_the_settings_reads_the_environment(module: str) -> None:
    if module.startswith(("bot/settings.py", "bot/demo/")):
        return
    source = (ROOT / module).read_text()
    assert "os.environ" not in source, module
    assert "getenv" not in source, module


@every_module
def test_the_pure_parts_do_no_io(module: str) -> None:
    if not module.startswith(("audio/", "bot/turns/")):
        return
    impure = {"asyncio", "socket", "threading", "discord", "time", "datetime", "logging", "structlog"}
    assert not {name.split(".")[0] for name in imports(module)} & impure, module


@every_module
def test_sizes(module: str) -> None:
    assert len((ROOT / module).read_text().splitlines()) <= MODULE_LINES, module
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= FUNCTION_LINES, f"{module}: {node.name} has {lines} lines"
        if isinstance(node, ast.ClassDef):
            methods = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
            own = [n for n in methods if not any(_is_property(d) for d in n.decorator_list)]
            assert len(own) <= CLASS_METHODS, f"{module}: {node.name} has {len(own)} methods"


def _is_property(decorator: ast.expr) -> bool:
    name = decorator.id if isinstance(decorator, ast.Name) else getattr(decorator, "attr", "")
    return name in {"property", "setter", "override"}


@every_module
def test_names_say_something(module: str) -> None:
    assert not set(Path(module).with_suffix("").parts) & FORBIDDEN_NAMES, module


def test_nothing_committed_names_a_registry_or_a_machine() -> None:
    forbidden = [
        "py" + "pi.org",
        "python" + "hosted",
        "npm" + "js.",
        "deb." + "debian.org",
        "/wo" + "rk/",
        "/opt/" + "wheels",
    ]
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(
                (".git", ".venv", "build", ".mypy", ".pytest", ".ruff", ".hyp", "__pycache__")
            )
            and not name.endswith(".egg-info")
        ]
        for name in files:
            path = Path(folder) / name
            if (
                not name.startswith(".coverage")
                and path.suffix in {".py", ".md", ".toml", ".txt", ".sh", ".example", ""}
                and path.name != ".git"
            ):
                text = path.read_text(errors="replace")
                assert not [word for word in forbidden if word in text], path
