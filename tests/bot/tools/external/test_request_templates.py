"""What is filled in stays where it belongs."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.external.template import BadArgument, BodyTemplate, Template, TemplateError, UrlTemplate

URL = UrlTemplate.parse("https://api.example.com/v1/items/{item}/notes?q={q}&fixed=a%20b")


def test_a_url_is_filled() -> None:
    filled = URL.fill({"item": "red wine", "q": "50 % & more"}, {"page": "2"})
    assert str(filled) == (
        "https://api.example.com/v1/items/red%20wine/notes?q=50%20%25%20%26%20more&fixed=a%20b&page=2"
    )


def test_what_is_missing_in_the_query_is_left_out() -> None:
    assert str(URL.fill({"item": "x"}, {})) == "https://api.example.com/v1/items/x/notes?fixed=a%20b"


@given(item=st.text(max_size=30), q=st.text(max_size=30))
def test_no_argument_leaves_its_place(item: str, q: str) -> None:
    try:
        url = URL.fill({"item": item, "q": q}, {})
    except BadArgument:
        return
    assert (url.scheme, url.host, url.port, url.userinfo, url.fragment) == (
        "https",
        "api.example.com",
        None,
        b"",
        "",
    )
    path, _, query = url.raw_path.decode().partition("?")
    assert path.split("/")[:4] == ["", "v1", "items", path.split("/")[3]]
    assert unquote(path.split("/")[3]) == item
    assert path.split("/")[4:] == ["notes"]
    assert parse_qsl(query, keep_blank_values=True) == [("q", q), ("fixed", "a b")]


@pytest.mark.parametrize(
    "item", ["", " ", "a/b", "..", ".", "%2e%2e", "%252e%252e", "..;x", "a\\b", "%2f", "a\nb"]
)
def test_what_would_climb_out_of_the_path_is_refused(item: str) -> None:
    with pytest.raises(BadArgument):
        URL.fill({"item": item, "q": ""}, {})


def test_dots_within_a_larger_segment_are_looked_at_together() -> None:
    url = UrlTemplate.parse("https://example.com/a/.{x}/b")
    with pytest.raises(BadArgument):
        url.fill({"x": "."}, {})
    assert str(url.fill({"x": "well"}, {})) == "https://example.com/a/.well/b"


@pytest.mark.parametrize(
    "text",
    [
        "https://{host}/",
        "https://api.{x}.com/",
        "https://example.com:{port}/",
        "{scheme}://example.com/",
        "https://user:pass@example.com/",
        "https://{u}@example.com/",
        "ftp://example.com/",
        "example.com/a",
        "https://example.com/#top",
        "https://example.com/a b",
        "https://example.com\\@evil.test/",
        "https:///a",
        "https://example.com/../a",
        "https://example.com/%2e%2e/a",
        "https://example.com/{",
        "https://[::1/",
        "https://example.com/{a!r}",
        "https://example.com/{a:>9}",
        "https://example.com/{a.b}",
        "https://x:99999/",
        "https://example.com/?{k}=1",
        "https://example.com/{}",
        "https://exa\nmple.com/",
        "https://2130706433/",
    ],
)
def test_urls_that_are_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        UrlTemplate.parse(text)


def test_values_are_written_as_json_writes_them() -> None:
    assert Template.parse("{a}-{b}-{c}-{{x}}").fill({"a": True, "b": 3.0, "c": 0.5}) == "true-3-0.5-{x}"


@pytest.mark.parametrize("value", ["x" * 2_001, "\ud800"])
def test_text_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(BadArgument):
        Template.parse("{a}").fill({"a": value})


def test_a_url_that_becomes_too_long_is_refused() -> None:
    with pytest.raises(BadArgument):
        URL.fill({"item": "ü" * 1_000, "q": "ü" * 1_000}, {})


def test_a_body_keeps_types_and_leaves_out_what_is_missing() -> None:
    body = BodyTemplate(
        {"n": "{n}", "list": ["{a}", "{b}"], "text": "for {a}", "fixed": 1, "deep": {"b": "{b}"}}
    )
    assert body.names == {"n", "a", "b"}
    assert body.alone == {"n", "b"}
    assert body.fill({"n": 4.0, "a": "x"}) == {
        "n": 4,
        "list": ["x"],
        "text": "for x",
        "fixed": 1,
        "deep": {},
    }


def test_lists_and_objects_go_into_a_body_as_they_are() -> None:
    value: dict[str, Any] = {"items": [{"n": 2.0}, {"n": 2.5}]}
    assert BodyTemplate({"all": "{x}"}).fill({"x": value}) == {"all": {"items": [{"n": 2}, {"n": 2.5}]}}


def test_braces_in_an_argument_are_no_template() -> None:
    assert BodyTemplate({"a": "say {x}"}).fill({"x": "{y} {x}"}) == {"a": "say {y} {x}"}
