"""The rules of the house, kept by walking the syntax trees: who may import whom, and how big things get."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

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


MODULES = [
    path.relative_to(ROOT).as_posix()
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
]


@cache
def source(module: str) -> str:
    return (ROOT / module).read_text()


@cache
def nodes(module: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(source(module))))


@cache
def imports(module: str) -> list[str]:
    found: list[str] = []
    for node in nodes(module):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            found.append(node.module or "")
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return found


def none(offences: Iterable[str]) -> None:
    """Nobody breaks the rule; all who do are named."""
    found = sorted(set(offences))
    assert not found, "\n".join(found)


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 200


def test_imports_run_one_way() -> None:
    below = {"audio": {"audio"}, "bot": {"bot", "audio"}, "cogs": set(PACKAGES)}
    none(
        f"{module} imports {name}"
        for module in MODULES
        for name in imports(module)
        if name.split(".")[0] in set(PACKAGES) - below[module.split("/")[0]]
    )


def test_the_sides_of_a_room_do_not_know_each_other() -> None:
    def foreign(module: str, name: str) -> bool:
        ours, _, rest = name.partition(".")
        side, own = rest.split(".")[0], module.split("/")[1]
        return ours == "bot" and (side in {*SIDES} - {own} or side in {"room", "rooms", "app", "cli"})

    none(
        f"{module} imports {name}"
        for module in MODULES
        if module.startswith(tuple(f"bot/{side}/" for side in SIDES))
        for name in imports(module)
        if foreign(module, name)
    )


def test_libraries_stay_in_their_place() -> None:
    none(
        f"{module} imports {name}"
        for module in MODULES
        for name in imports(module)
        if not module.startswith(ONLY_IN.get(name.split(".")[0], ""))
    )


def test_nobody_but_the_clock_reads_the_time() -> None:
    none(
        f"{module}:{node.lineno} reads a clock"
        for module in MODULES
        if not module.startswith(CLOCK_ALLOWED)
        for node in nodes(module)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if (node.value.id, node.attr) in CLOCKS
    )


def test_nobody_but_the_settings_reads_the_environment() -> None:
    none(
        module
        for module in MODULES
        if not module.startswith(("bot/settings.py", "bot/demo/"))
        if "os.environ" in source(module) or "getenv" in source(module)
    )


def test_the_pure_parts_do_no_io() -> None:
    impure = {"asyncio", "socket", "threading", "discord", "time", "datetime", "logging", "structlog"}
    none(
        f"{module} imports {name}"
        for module in MODULES
        if module.startswith(("audio/", "bot/turns/"))
        for name in imports(module)
        if name.split(".")[0] in impure
    )


def test_modules_are_small() -> None:
    lines = {module: len(source(module).splitlines()) for module in MODULES}
    none(f"{module} has {count} lines" for module, count in lines.items() if count > MODULE_LINES)


def test_functions_are_small() -> None:
    none(
        f"{module}: {node.name} has {lines} lines"
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    )


def test_classes_are_small() -> None:
    none(
        f"{module}: {node.name} has {len(methods)} methods"
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.ClassDef)
        if len(methods := _methods(node)) > CLASS_METHODS
    )


def _methods(node: ast.ClassDef) -> list[str]:
    """Properties are none."""
    functions = [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [each.name for each in functions if not any(map(_is_property, each.decorator_list))]


def _is_property(decorator: ast.expr) -> bool:
    name = decorator.id if isinstance(decorator, ast.Name) else getattr(decorator, "attr", "")
    return name in {"property", "setter", "override"}


def test_names_say_something() -> None:
    none(module for module in MODULES if set(Path(module).with_suffix("").parts) & FORBIDDEN_NAMES)


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
