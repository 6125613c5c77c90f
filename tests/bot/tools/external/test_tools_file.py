"""A broken file names line and field, and the rest of it are tools all the same."""

from __future__ import annotations

from pathlib import Path

import discord
import pytest
from outside import HEAD, ONE_TEXT, File

from bot.live.config import LiveSettings, connect_config
from bot.tools.external.entries import PERMISSIONS
from bot.tools.external.file import load
from bot.tools.registry import Registry

WHEN = 'condition = "only when somebody asks for it."'
FINE = f"""
[[http]]
name = "fine"
description = "Does a thing."
{WHEN}
url = "https://example.com/"
"""
LIST = "type = 'array'\nitems = { type = 'string' }"
MCP = """
[[mcp]]
name = "helper"
condition = "only when asked."
allow = ["*"]
"""


def test_no_file_no_tools(tmp_path: Path) -> None:
    loaded = load(tmp_path / "tools.toml", {})
    assert (loaded.tools, loaded.problems) == ([], [])


def test_the_permissions_are_those_of_discord() -> None:
    flags = discord.Permissions.VALID_FLAGS
    assert flags.keys() >= PERMISSIONS
    assert {flags[name] for name in PERMISSIONS} == set(flags.values())


X = "[http.parameters.properties.x]\n"
BROKEN = {
    "no such parameter": (FINE.replace(".com/", ".com/{x}"), "url =", "url of fine"),
    "out of bounds": (FINE + "timeout_s = 0", "timeout_s", "timeout_s of fine"),
    "wrong type": (FINE + "timeout_s = 'soon'", "timeout_s", "timeout_s of fine"),
    "unknown field": (FINE + "colour = 1", "colour", "colour of fine"),
    "missing": (FINE.replace(WHEN, ""), "[[http]]", "condition of fine"),
    "twice a condition": (
        FINE.replace("only", "Invocation Condition: only"),
        "condition",
        "condition of fine",
    ),
    "permission": (FINE + 'who = ["move_member"]', "who", "who of fine"),
    "variable": (FINE + 'headers = { A = "${NOBODY}" }', "headers", "headers.A of fine"),
    "empty variable": (FINE + 'headers = { A = "${EMPTY}" }', "headers", "headers.A of fine"),
    "header filled in": (FINE + 'headers = { A = "{x}" }' + ONE_TEXT, "headers", "headers.A of fine"),
    "header of ours": (FINE + 'headers = { Host = "x" }', "headers", "headers of fine"),
    "header's name": (FINE + 'headers = { "A:b" = "x" }', "headers", "headers of fine"),
    "header's value": (FINE + '[http.headers]\nA = "x\u00e9"', "A =", "headers.A of fine"),
    "variable in the query": (FINE + 'query = { a = "${NOBODY}" }', "query", "query.a of fine"),
    "half a brace": (FINE + 'query = { a = "{" }', "query", "query.a of fine"),
    "body of a GET": (FINE + "json = { a = 1 }", "[[http]]", "fine: a GET"),
    "date": (FINE + "method = 'POST'\njson = { a = 2020-01-01 }", "json", "json of fine"),
    "not encrypted": (FINE.replace("https", "http"), "url =", "url of fine"),
    "host": (FINE.replace("example.com", "2130706433"), "url =", "url of fine"),
    "unused": (FINE + ONE_TEXT, "properties.x", "parameters.properties.x of fine"),
    "no parameters": (FINE + "[http.parameters]\nproperties = {}", "[http.parameters]", "parameters of fine"),
    "type": (FINE + X + "type = 'text'", "type =", "parameters.properties.x.type of fine"),
    "keyword": (
        FINE + X + "type = 'string'\npattern = ''",
        "pattern",
        "parameters.properties.x.pattern of fine",
    ),
    "enum": (FINE + X + "type = 'string'\nenum = [1]", "enum", "parameters.properties.x.enum of fine"),
    "bound": (
        FINE + X + "type = 'string'\nminimum = 1",
        "minimum",
        "parameters.properties.x.minimum of fine",
    ),
    "required": (
        FINE + "[http.parameters]\nrequired = ['y']\n" + X + "type = 'string'",
        "required",
        "parameters.",
    ),
    "optional in the path": (
        FINE.replace(".com/", ".com/{x}") + X + "type = 'string'",
        "url =",
        "url of fine",
    ),
    "list in the query": (FINE.replace(".com/", ".com/?a={x}") + X + LIST, "url =", "url of fine"),
    "unknown table": (FINE.replace("[[http]]", "[[htpp]]"), "[[htpp]]", "htpp is not known"),
    "neither command nor url": (MCP, "[[mcp]]", "helper: give either"),
    "both": (MCP + "command = 'x'\nurl = 'https://x.example/'", "[[mcp]]", "helper: give either"),
    "variable of a program": (MCP + "command = 'x'\nenv = ['NOBODY']", "env", "env of helper"),
    "headers of a program": (MCP + "command = 'x'\nheaders = { A = 'b' }", "[[mcp]]", "helper: headers"),
    "server not encrypted": (MCP + "url = 'http://x.example/mcp'", "url =", "url of helper"),
    "server filled in": (MCP + "url = 'https://x.example/{a}'", "url =", "url of helper"),
    "allows nothing": (MCP.replace('["*"]', "[]") + "command = 'x'", "allow = []", "allow of helper"),
    "server's name": (MCP.replace("helper", "my_helper") + "command = 'x'", "name", "name of my_helper"),
    "two servers": (
        MCP + "command = 'x'\n" + MCP.replace("name", "name ") + "command = 'x'",
        "name  =",
        "name of",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_table_names_line_and_field(file: File, case: str) -> None:
    text, needle, field = BROKEN[case]
    loaded = file.load(f"{text}\n{FINE.replace('fine', 'other')}", environ={"EMPTY": " "})
    lines = file.path.read_text(encoding="utf-8").splitlines()
    line = next(number for number, content in enumerate(lines, start=1) if needle in content)
    assert [problem.partition(f"line {line}: {field}")[1] for problem in loaded.problems] == [
        f"line {line}: {field}"
    ]
    assert [tool.name for tool in loaded.tools] == ["other"]


def test_what_is_wrong_is_said_in_words(file: File) -> None:
    loaded = file.load(FINE.replace('"fine"', '"Fine one"') + "tiemout_s = 5\n" + "[[http]]\n")
    said = " ".join(loaded.problems)
    assert "name of Fine one: must be small letters" in said
    assert "tiemout_s of Fine one: there is no such field" in said
    assert "url: is missing" in said


def test_two_tools_of_one_name(file: File) -> None:
    loaded = file.load(FINE + FINE)
    assert len(loaded.tools) == 1
    assert loaded.problems == [
        f"{file.path}, line 10: name of fine: there is a tool of this name already. It is left out."
    ]


def test_one_bracket_too_few(file: File) -> None:
    [problem] = file.load(FINE.replace("[[http]]", "[http]")).problems
    assert "line 3: http must be written with two brackets, [[http]]" in problem


@pytest.mark.parametrize(
    "content", [b"[[http]\n", b"\xff\xfe", b"a = 1\na = 2\n", b"x" * 300_000, b"a = " + b"[" * 5_000]
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tools.toml"
    path.write_bytes(content)
    loaded = load(path, {})
    assert loaded.tools == []
    assert len(loaded.problems) == 1
    assert str(path) in loaded.problems[0]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert load(tmp_path, {}).problems


def test_problems_never_show_a_value(tmp_path: Path) -> None:
    """It may be a key that somebody put on the wrong line."""
    path = tmp_path / "tools.toml"
    path.write_text(FINE + 'timeout_s = "s3cret"\nmax_bytes = "s3cret"\nmethod = "s3cret"\n')
    problems = load(path, {}).problems
    assert len(problems) == 3
    assert "s3cret" not in "".join(problems)


def test_a_name_of_our_own_is_taken(file: File) -> None:
    loaded = file.load(FINE.replace('"fine"', '"leave_channel"'), taken=["leave_channel"])
    assert loaded.tools == []
    assert "there is a tool of this name already" in loaded.problems[0]


def test_private_hosts_must_be_hosts(file: File) -> None:
    loaded = file.load(FINE, private=["127.0.0.1", "*.local", "10.0.0.0/8"])
    assert len(loaded.problems) == 2
    assert loaded.problems[0].startswith(f"{file.path}, line 1: allow_private")
    assert len(loaded.tools) == 1


def test_everything_loads_into_a_session(file: File) -> None:
    loaded = file.load(
        HEAD
        + 'url = "https://example.com/{x}"\nmethod = "POST"\njson = { list = "{items}", n = "{n}" }'
        + ONE_TEXT
        + 'enum = ["a", "b"]\ndescription = "One of two."\n'
        + "[http.parameters.properties.items]\ntype = 'array'\nitems = { type = 'integer', minimum = 1 }\n"
        + "[http.parameters.properties.n]\ntype = 'number'\nmaximum = 2.5\n"
    )
    assert loaded.problems == []
    connect_config(LiveSettings(tools=Registry(loaded.tools).declarations()))
