"""docs/tools.md says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from outside import File

from bot.loopback import speech
from bot.tools.external.entries import HttpEntry, McpEntry
from bot.tools.external.file import load

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
KEYS = dict.fromkeys([*re.findall(r"\$\{(\w+)\}", GUIDE), "NOTES_KEY"], "a-key")


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_what_it_shows_is_accepted(tmp_path: Path, block: str) -> None:
    path = tmp_path / "tools.toml"
    path.write_text(block, encoding="utf-8")
    loaded = load(path, KEYS)
    assert loaded.problems == []


def fields(table: str) -> set[str]:
    section = GUIDE.partition(f"| field of `[[{table}]]`")[2].partition("\n\n")[0]
    return {name for row in section.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_every_field_is_there() -> None:
    assert fields("http") == {field.alias or name for name, field in HttpEntry.model_fields.items()}
    assert fields("mcp") == set(McpEntry.model_fields)


@pytest.mark.parametrize("name", ["timeout_s", "max_bytes", "method", "group", "confirm"])
def test_defaults(name: str) -> None:
    default = HttpEntry.model_fields[name].default
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    assert re.search(rf"\| `{name}` \| `?{shown}`? \|", GUIDE)


def test_what_people_say_is_what_was_recorded() -> None:
    for name in speech.names("member"):
        if name.startswith(("todo_", "restaurant_", "order_")):
            assert f"“{speech.text(name)}”" in GUIDE


def test_the_problems_it_quotes_are_ours(file: File) -> None:
    broken = BLOCKS[2].replace("timeout_s = 5", "timeout_s = 100")
    problems = file.load(broken, environ=KEYS).problems
    problems += file.load(BLOCKS[2]).problems
    problems += file.load(BLOCKS[2].replace("https", "http"), environ=KEYS).problems
    assert len(problems) == 3
    for problem in problems:
        assert problem.partition(": ")[2] in GUIDE


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", GUIDE):
        assert (ROOT / "docs" / target).exists(), target
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) <= headings
