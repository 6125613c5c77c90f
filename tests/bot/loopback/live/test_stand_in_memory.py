"""What the model knows, what a handle holds of it, and what it says to typed words."""

from __future__ import annotations

import numpy as np
import pytest

from audio.formats import LIVE_IN_HZ
from bot.loopback.live.memory import Memory
from bot.loopback.live.record import HeardTurn, Known, LiveSessionRecord, Source
from bot.loopback.live.refusal import INTERNAL, Refused
from bot.loopback.live.resumption import MAX_KNOWN, Kept, Resumptions
from bot.loopback.live.script import Script
from bot.loopback.live.usage import IMAGE_TOKENS, Context

MODEL = "gemini-3.8-live"
HELLO, REPLY, LATER = Known(Source.SPOKEN, "hello"), Known(Source.ANSWER, "a"), Known(Source.TYPED, "more")


def memory(kept: Kept, compression: tuple[int, int] | None = None) -> Memory:
    return Memory(kept, LiveSessionRecord("live-1", 0.0, 10.0), compression, limit_tokens=1000)


def test_a_handle_holds_the_session_as_it_was() -> None:
    resumptions, kept = Resumptions(), Kept(MODEL, Context(system=10))
    knows = memory(kept)
    knows.add(HELLO, REPLY, audio_s=2.0)
    early = resumptions.issue(kept)
    knows.add(LATER, text="more")
    late = resumptions.issue(kept)
    knows.add(HELLO, audio_s=3.0)
    resumptions.leave(kept, 1.0)
    assert resumptions.resume(late, MODEL, 2.0).known == (HELLO, REPLY, LATER)
    resumptions.leave(kept, 3.0)
    resumed = resumptions.resume(early, MODEL, 4.0)
    assert resumed.known == (HELLO, REPLY)
    assert resumed.context == Context(system=10, audio=50)


def test_an_old_socket_may_linger() -> None:
    resumptions, kept = Resumptions(), Kept(MODEL, Context())
    handle = resumptions.issue(kept)
    resumptions.leave(kept, 10.0)
    with pytest.raises(Refused, match=f"1011 {INTERNAL}"):
        resumptions.resume(handle, MODEL, 11.4, linger_s=1.5)
    assert resumptions.resume(handle, MODEL, 11.6, linger_s=1.5) is kept


def test_an_image_is_asked_about_once() -> None:
    kept = Kept(MODEL, Context())
    knows = memory(kept)
    assert not knows.take_shown()
    knows.see(640, 480)
    assert kept.known == (Known(Source.IMAGE, "640×480"),)
    assert kept.context.total == IMAGE_TOKENS
    assert [knows.take_shown(), knows.take_shown()] == [True, False]


def test_what_does_not_fit_ends_the_session_or_is_compressed() -> None:
    with pytest.raises(Refused, match="1007 The input token count exceeds"):
        memory(Kept(MODEL, Context())).add(audio_s=41.0)
    kept = Kept(MODEL, Context(system=100))
    memory(kept, (900, 500)).add(HELLO, audio_s=41.0)
    assert kept.context.total == 500
    assert kept.known == (HELLO,)


def test_names_are_bounded() -> None:
    kept = Kept(MODEL, Context())
    for number in range(MAX_KNOWN + 5):
        kept.learn(Known(Source.TYPED, str(number)))
    assert len(kept.known) == MAX_KNOWN
    assert kept.known[-1].what == str(MAX_KNOWN + 4)


def test_a_record_keeps_the_sound_of_so_many_seconds() -> None:
    record = LiveSessionRecord("live-1", 0.0, keep_s=5.0)
    for _ in range(3):
        record.turn(HeardTurn(0.0, 2.0, np.zeros(2 * LIVE_IN_HZ, np.float32), ()))
    assert [len(turn.audio) / LIVE_IN_HZ for turn in record.turns] == [2.0, 2.0, 0.0]


@pytest.mark.parametrize(
    ("text", "shown", "clip"),
    [
        (
            "Greet the people in the channel and say your name.",
            False,
            "answer_greeting",
        ),
        ("Say goodbye in one very short sentence.", False, "answer_goodbye"),
        ("Nobody has spoken for a while. Ask whether you can be of use.", False, "answer_nudge"),
        ("Ana asks: does the train stop there?", False, "answer_text"),
        ("What is on this picture?", True, "answer_image"),
        ("sesame", True, "answer_long"),
    ],
)
def test_typed_words_have_their_answers(text: str, shown: bool, clip: str) -> None:
    script = Script(on_text=lambda said: "answer_long" if said == "sesame" else None)
    assert script.reply_to_text(text, shown=shown) == clip


def test_load_asks_no_questions() -> None:
    assert Script(always="x").reply_to_text("Say goodbye", shown=True) == "x"
