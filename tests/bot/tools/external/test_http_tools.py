"""What an HTTP tool sends, and what the model is told of the answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import trustme
from outside import HEAD, ONE_TEXT, File, Outside, outside, redirect, reply, resolves_to

from bot.tools.external.file import Loaded


async def test_a_get(file: File, service: Outside) -> None:
    service.answers["/things/red%20one?size=3"] = reply({"thing": "yours"})
    text = f"""{HEAD}
url = "{service.url}/things/{{x}}"
query = {{ size = "{{size}}", colour = "{{colour}}" }}
headers = {{ Authorization = "Bearer ${{KEY}}" }}
[http.parameters]
required = ["x"]
[http.parameters.properties]
x = {{ type = "string" }}
size = {{ type = "integer" }}
colour = {{ type = "string" }}
"""
    result = await file.call(text, {"x": "red one", "size": 3.0}, environ={"KEY": "s3cret"})
    assert result == {"status": "ok", "source": "127.0.0.1", "data": {"thing": "yours"}}
    [seen] = service.seen
    assert (seen.method, seen.target, seen.body) == ("GET", "/things/red%20one?size=3", b"")
    assert seen.headers["authorization"] == "Bearer s3cret"
    assert seen.headers["host"] == f"127.0.0.1:{service.port}"
    assert "cookie" not in seen.headers


async def test_a_post(file: File, service: Outside) -> None:
    service.answers["/"] = reply({"made": [{"id": 7}]}, 201)
    text = f'{HEAD}url = "{service.url}/"\nmethod = "POST"\nresult = "made.0.id"\n'
    text += 'json = { name = "{x}", n = 1 }'
    result = await file.call(text + ONE_TEXT, {"x": 'a "b"\n'})
    assert result["data"] == 7
    assert service.seen[0].json == {"name": 'a "b"\n', "n": 1}
    assert service.seen[0].headers["content-type"] == "application/json"


async def test_no_content_is_an_answer(file: File, service: Outside) -> None:
    service.answers["/"] = reply(b"", 204)
    text = f'{HEAD}url = "{service.url}/"\nmethod = "DELETE"\nresult = "x"'
    assert (await file.call(text))["data"] == "Done; the answer is empty."


@pytest.mark.parametrize("empty", ["", [], {}, None])
async def test_an_empty_answer_is_no_empty_result(file: File, service: Outside, empty: Any) -> None:
    service.answers["/"] = reply({"found": empty})
    result = await file.call(f'{HEAD}url = "{service.url}/"\nresult = "found"')
    assert result["data"] == "There is nothing there."


async def test_plain_text_is_an_answer(file: File, service: Outside) -> None:
    service.answers["/"] = reply(b"4 degrees", content_type="text/plain; charset=utf-8")
    assert (await file.call(f'{HEAD}url = "{service.url}/"'))["data"] == "4 degrees"


@pytest.mark.parametrize(
    ("status", "retryable"), [(400, False), (404, False), (409, False), (429, True), (500, True), (503, True)]
)
async def test_a_refusal_is_told_with_its_reason(
    file: File, service: Outside, status: int, retryable: bool
) -> None:
    service.answers["/"] = reply({"problem": "No table is free."}, status)
    result = await file.call(f'{HEAD}url = "{service.url}/"')
    assert result["status"] == "error"
    assert result["retryable"] is retryable
    assert str(status) in result["error"]
    assert result["data"] == {"problem": "No table is free."}


async def test_what_may_have_been_done_is_not_called_again_lightly(file: File, service: Outside) -> None:
    service.answers["/"] = reply(b"<html>oops</html>", 500, "text/html")
    result = await file.call(f'{HEAD}url = "{service.url}/"\nmethod = "POST"\njson = {{}}')
    assert (result["status"], result["retryable"]) == ("error", False)
    assert "data" not in result


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html></html>", "text/html"),
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"NaN", "application/json"),
        (b"1", ""),
        (b"[" * 60000, "application/json"),
    ],
)
async def test_what_is_no_json_is_an_error(
    file: File, service: Outside, body: bytes, content_type: str
) -> None:
    service.answers["/"] = reply(body, content_type=content_type)
    result = await file.call(f'{HEAD}url = "{service.url}/"')
    assert result["status"] == "error"
    assert "JSON" in result["error"]


async def test_what_is_not_in_the_answer_is_an_error(file: File, service: Outside) -> None:
    service.answers["/"] = reply({"items": [1]})
    for path in ("item", "items.1", "items.x", "items.0.x"):
        result = await file.call(f'{HEAD}url = "{service.url}/"\nresult = "{path}"')
        assert path in result["error"]


async def test_nobody_there(file: File, service: Outside) -> None:
    result = await file.call(f'{HEAD}url = "http://127.0.0.1:1/"')
    assert result == {"status": "error", "retryable": True, "error": "127.0.0.1 cannot be reached."}


async def test_a_name_without_address(file: File) -> None:
    async def nobody(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    result = await file.call(f'{HEAD}url = "https://nowhere.example/"', resolver=nobody)
    assert result["error"] == "nowhere.example cannot be reached."


async def test_a_connection_that_breaks_off(file: File, service: Outside) -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        writer.close()

    service.answers["/"] = half
    result = await file.call(f'{HEAD}url = "{service.url}/"')
    assert result["error"] == "127.0.0.1 did not give a proper answer."


async def test_a_redirect_within_its_host_is_followed(file: File, service: Outside) -> None:
    service.answers["/"] = redirect("/there", 307)
    service.answers["/there"] = reply("found")
    result = await file.call(f'{HEAD}url = "{service.url}/"\nmethod = "POST"\njson = {{ a = 1 }}')
    assert result["data"] == "found"
    assert [(seen.method, seen.json) for seen in service.seen] == [("POST", {"a": 1}), ("POST", {"a": 1})]


async def test_see_other_is_looked_at_with_get(file: File, service: Outside) -> None:
    service.answers["/"] = redirect(f"{service.url}/there", 303)
    service.answers["/there"] = reply("found")
    result = await file.call(f'{HEAD}url = "{service.url}/"\nmethod = "POST"\njson = {{ a = 1 }}')
    assert result["data"] == "found"
    assert [(seen.method, seen.body) for seen in service.seen] == [("POST", b'{"a": 1}'), ("GET", b"")]


async def test_a_redirect_that_would_lose_the_body_is_not(file: File, service: Outside) -> None:
    service.answers["/"] = redirect("/there", 302)
    result = await file.call(f'{HEAD}url = "{service.url}/"\nmethod = "POST"\njson = {{ a = 1 }}')
    assert result["status"] == "error"
    assert len(service.seen) == 1


async def test_tls_and_host_carry_the_name_although_the_address_is_connected_to(
    file: File, tmp_path: Path
) -> None:
    """With a certificate for the name alone, and against any other name."""
    import ssl

    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("api.example").configure_cert(server)
    asked: list[str | None] = []
    server.sni_callback = lambda connection, name, context: asked.append(name)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    how: dict[str, Any] = {"tls": client, "resolver": resolves_to("127.0.0.1")}
    async with outside(server) as service:
        text = f'{HEAD}url = "https://api.example:{service.port}/"'
        assert (await file.call(text, private=["api.example"], **how))["data"] == "ok"
        assert asked == ["api.example"]
        assert service.seen[0].headers["host"] == f"api.example:{service.port}"
        other = text.replace("api.example", "other.example")
        assert (await file.call(other, private=["other.example"], **how))["status"] == "error"
        assert len(service.seen) == 1


async def test_the_next_address_is_tried(file: File, service: Outside) -> None:
    text = f'{HEAD}url = "http://two.example:{service.port}/"'
    result = await file.call(text, private=["two.example"], resolver=resolves_to("127.9.9.9", "127.0.0.1"))
    assert result["data"] == "ok"


async def test_many_calls_at_once(file: File, service: Outside) -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        await reply()(writer)

    service.answers["/"] = slowly
    context: Any = None
    async with file.load(f'{HEAD}url = "{service.url}/"') as loaded:
        results = await asyncio.gather(*(loaded.tools[0].run(context, {}) for _ in range(30)))
    assert all(result["data"] == "ok" for result in results)


def one(loaded: Loaded) -> Any:
    assert loaded.problems == []
    return loaded.tools[0]


def test_what_a_tool_says_of_itself(file: File) -> None:
    text = f'{HEAD}url = "https://example.com/"\ngroup = "stuff"\nwho = ["manage_guild", "move_members"]'
    tool = one(file.load(text))
    assert tool.description == "Does a thing. Invocation Condition: only when somebody asks for it."
    assert (tool.summary, tool.group, tool.changes) == ("Does a thing.", "stuff", False)
    assert (tool.enabled, tool.confirm) == (True, "changes")
    assert tool.foreign
    context: Any = None
    [need] = tool.needs(context, {})
    assert need.permissions == {"manage_guild", "move_members"}
    assert need.channel_id is None


def test_what_holds_until_moderators_say_otherwise(file: File) -> None:
    tool = one(file.load(f'{HEAD}url = "https://example.com/"\nenabled = false\nconfirm = "always"'))
    assert (tool.enabled, tool.confirm) == (False, "always")


@pytest.mark.parametrize(
    ("more", "changes"),
    [
        ("", False),
        ('method = "POST"', True),
        ('method = "POST"\nchanges = false', False),
        ("changes = true", True),
    ],
)
def test_what_changes_something(file: File, more: str, changes: bool) -> None:
    assert one(file.load(f'{HEAD}url = "https://example.com/"\n{more}')).changes is changes
