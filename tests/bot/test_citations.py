"""The pages on which an answer rests, as they are posted: links, and nothing else that has an effect."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.citations import PAGES_MAX, URL_MAX, Citations
from bot.live.events import Source, Sources
from bot.live_settings import SEARCH
from bot.tools.search import GOOGLE_SEARCH

MOON = Source("example.org", "https://example.org/moon?x=1&y=(2)")


def posted(*sources: Sources) -> str | None:
    citations = Citations()
    for each in sources:
        citations.found(each)
    return citations.posted()


def test_pages_are_posted_once_with_what_was_asked() -> None:
    found = Sources(("moon distance",), (MOON,))
    assert posted(found, found) == (
        "Looked up with Google Search (“moon distance”):\n- [example.org](<https://example.org/moon?x=1&y=(2)>)"
    )


def test_an_answer_that_rests_on_nothing_is_not_mentioned() -> None:
    assert posted() is None
    assert posted(Sources(("moon",), ())) is None


def test_the_next_answer_begins_anew() -> None:
    citations = Citations()
    citations.found(Sources((), (MOON,)))
    assert citations.posted() is not None
    assert citations.posted() is None
    citations.found(Sources((), (MOON,)))
    citations.forget()
    assert citations.posted() is None


def test_a_title_is_only_a_title() -> None:
    page = Source("[click](https://evil.example) @everyone **now**\n# Big", "https://example.org/")
    text = posted(Sources(("a](<b>)",), (page,)))
    assert text is not None
    assert "@everyone" not in text
    assert "**" not in text.replace("\\*\\*", "")
    assert text.count("](<") == 1
    assert text.count("\n") == 1
    assert posted(Sources((), (Source("", "https://example.org/"),))) is not None


def test_what_is_no_address_is_left_out() -> None:
    for url in (
        "https://example.org/> @everyone",
        "https://example.org/\nx",
        "https://example.org/<x",
        "javascript:alert(1)",
        "https://exämple.org/",
        "https://example.org/" + "x" * URL_MAX,
    ):
        assert posted(Sources((), (Source("t", url),))) is None, url


@given(
    st.lists(
        st.builds(Source, st.text(max_size=200), st.from_regex(r"https://[a-z./]{1,480}", fullmatch=True))
    )
)
def test_it_always_fits_a_message(pages: list[Source]) -> None:
    text = posted(Sources(("q" * 500,) * 9, tuple(pages))) or ""
    assert len(text) <= 2000
    assert text.count("](<") <= PAGES_MAX


def test_the_switch_is_the_one_that_the_session_looks_for() -> None:
    assert GOOGLE_SEARCH.name == SEARCH
    assert not GOOGLE_SEARCH.enabled, "it costs money"
