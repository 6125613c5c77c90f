"""Every failure of the Live service that a server can cause, and afterwards the bot speaks again in time.

All of them at once, each in a room of its own: see fault_story for what is played and fault_table for what is
expected.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_channel import ANSWER_S
from fault_story import FIRST, LONG, NEXT, Story, Studio, tell
from fault_table import EXPECTED, NOT_MEANT, SWITCHES

from bot import clock
from bot.loopback.live import FAILURE_MODES, Needs, Outcome, Source, Switch

pytestmark = [
    pytest.mark.live_fault,
    pytest.mark.timeout(120),  # of the first test, which waits for all the stories
]

STAGGER_S = 0.25
"""Between one room and the next, at least: sixty at the same word are more than one core bears."""
FRAME_S = 0.02
BY_NAME = {switch.name: switch for switch in SWITCHES}

Stories = dict[tuple[str, bool], Story]


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stories]:
    """All of them, by the name of the switch and whether it struck in a question to the bot."""
    ca_file = tmp_path_factory.mktemp("trust") / "ca.pem"
    interval = sys.getswitchinterval()
    with pytest.MonkeyPatch.context() as patch:
        # Every client reads the system's certificates, 70 ms of everybody's time; these few take 2.
        patch.setenv("SSL_CERT_FILE", os.fspath(ca_file))
        patch.setenv("SSL_CERT_DIR", os.fspath(ca_file.parent / "none"))
        # No tick is left out on a busy machine, or a sentence would end in the middle.
        patch.setattr(clock, "CATCH_UP_TICKS", 500)
        sys.setswitchinterval(0.0005)  # the stand-ins' ears are threads, and must not hold up the beat
        try:
            yield asyncio.run(_all(ca_file))
        finally:
            sys.setswitchinterval(interval)


async def _all(ca_file: Path) -> Stories:
    studio = Studio(ca_file)
    wanted = [(switch, True) for switch in SWITCHES] + [(BY_NAME[name], False) for name in NOT_MEANT]

    watch = asyncio.create_task(studio.standstill.watch())
    telling: list[asyncio.Task[Story]] = []
    for switch, meant in wanted:
        telling.append(asyncio.create_task(tell(switch, studio, meant=meant)))
        await asyncio.sleep(STAGGER_S)
        await studio.standstill.bearable()
    told = await asyncio.gather(*telling)
    watch.cancel()
    return {(switch.name, meant): story for (switch, meant), story in zip(wanted, told, strict=True)}


every_switch = pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
every_overheard = pytest.mark.parametrize("name", NOT_MEANT)


def test_every_failure_mode_is_tried_or_says_why_not() -> None:
    assert list(FAILURE_MODES) == list(range(1, 26))
    assert set(EXPECTED) == set(BY_NAME)
    assert all(mode.switches or mode.remark for mode in FAILURE_MODES.values())


@every_switch
def test_the_bot_speaks_again_in_time(switch: Switch, stories: Stories) -> None:
    story, expected = stories[switch.name, True], EXPECTED[switch.name]
    if switch.outcome is Outcome.ENDS:
        assert story.ended is not None
        assert story.ended.sentence == expected.sentence
        return
    assert story.ended is None
    if switch.outcome is Outcome.UNANSWERED:
        assert story.first_s is None
    else:
        assert story.first_s is not None
        assert story.first_s <= expected.within_s
    assert story.next_s is not None
    assert story.next_s <= expected.next_within_s


@every_switch
def test_each_answer_is_heard_once_and_nothing_else_is(switch: Switch, stories: Stories) -> None:
    heard_s, expected = Counter(stories[switch.name, True].heard_s), EXPECTED[switch.name]
    if switch.outcome is Outcome.ENDS:
        assert not heard_s
        return
    if switch.needs is Needs.INTERRUPTION:
        assert 0.5 <= heard_s.pop(LONG) <= 1.5, "interrupted"
    if switch.outcome is not Outcome.UNANSWERED:
        at_least_s, at_most_s = expected.heard_s
        assert at_least_s - FRAME_S <= heard_s.pop(FIRST) <= at_most_s + FRAME_S
    at_least_s, at_most_s = expected.next_heard_s
    assert at_least_s - FRAME_S <= heard_s.pop(NEXT) <= at_most_s + FRAME_S
    assert heard_s.keys() <= expected.heard_besides, "what was overheard, or what nobody asked"


@every_switch
def test_what_was_done_about_it_can_be_seen(switch: Switch, stories: Stories) -> None:
    story, expected = stories[switch.name, True], EXPECTED[switch.name]
    assert dict(story.tally) == expected.tally
    assert tuple(story.posts) == expected.posts
    assert story.notes is expected.notes or switch.outcome is Outcome.ENDS
    assert story.calls == expected.calls


@every_switch
def test_no_word_is_lost_and_none_is_said_twice_within_a_session(switch: Switch, stories: Stories) -> None:
    story = stories[switch.name, True]
    spoken = [
        [known.what for known in session if known.source is Source.SPOKEN] for session in story.sessions
    ]
    for session in spoken:
        assert len(session) == len(set(session))
    if switch.outcome is not Outcome.ENDS:
        assert {"addressed", "mentioned", "addressed_ben"} <= set().union(*spoken)
    assert story.strays == 0


@every_overheard
def test_a_failure_in_what_was_overheard_is_nobody_s_business(name: str, stories: Stories) -> None:
    story, expected = stories[name, False], NOT_MEANT[name]
    assert story.ended is None
    assert story.next_s is not None
    assert story.next_s <= expected.next_within_s
    assert dict(story.heard_s) == pytest.approx({NEXT: ANSWER_S}, abs=FRAME_S)
    assert dict(story.tally) == expected.tally
    assert tuple(story.posts) == expected.posts
