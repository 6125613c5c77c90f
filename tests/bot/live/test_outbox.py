"""What goes out: every word once and in order in each session, whatever happens between the words."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.live import outbox as module
from bot.live.outbox import CHUNK_BYTES, IMAGE_PERIOD_S, KEPT_IMAGES, KEPT_PROMPTS, Outbox
from bot.live.outgoing import Begin, End, Image, Message, Note, Response, Sound, Text

SECOND = bytes(32_000)


def connected(*, local_turns: bool = True, notes: bool = True) -> Outbox:
    outbox = Outbox()
    outbox.connected(local_turns=local_turns)
    outbox.notes = notes
    return outbox


def reconnect(outbox: Outbox) -> None:
    outbox.connected(local_turns=True)


def taken(outbox: Outbox, now: float = 0.0) -> list[Message]:
    messages = []
    while (message := outbox.take(now)) is not None:
        messages.append(message)
    return messages


def say(outbox: Outbox, *sounds: bytes, note: str | None = None) -> int:
    number = outbox.start_turn(note)
    for pcm16 in sounds:
        outbox.sound(pcm16)
    outbox.end_turn()
    return number


# --- the order of things ---


def test_a_turn_is_begun_noted_heard_and_ended() -> None:
    outbox = connected()
    say(outbox, b"ab", note="Ana speaks now")
    assert taken(outbox) == [Begin(), Note("Ana speaks now"), Sound(b"ab"), End()]


def test_a_note_stays_where_the_model_takes_none() -> None:
    outbox = connected(notes=False)
    say(outbox, b"ab", note="Ana speaks now")
    assert taken(outbox) == [Begin(), Sound(b"ab"), End()]


def test_a_text_waits_for_the_end_of_the_turn_and_goes_before_the_next() -> None:
    outbox = connected()
    outbox.start_turn(None)
    outbox.sound(b"ab")
    outbox.text("hello")
    outbox.sound(b"cd")
    assert taken(outbox) == [Begin(), Sound(b"abcd")]
    outbox.end_turn()
    say(outbox, b"ef")
    assert taken(outbox) == [End(), Text("hello"), Begin(), Sound(b"ef"), End()]


def test_a_turn_that_nobody_ended_ends_with_the_next() -> None:
    outbox = connected()
    outbox.start_turn(None)
    say(outbox, b"ab")
    assert taken(outbox) == [Begin(), End(), Begin(), Sound(b"ab"), End()]


def test_an_end_without_a_turn_is_none() -> None:
    outbox = connected()
    outbox.end_turn()
    assert taken(outbox) == []


def test_numbers_increase_over_turns_and_texts() -> None:
    outbox = Outbox()
    assert [say(outbox, b"ab"), outbox.text("hello"), say(outbox, b"ab")] == [1, 2, 3]


def test_sound_that_has_piled_up_leaves_in_chunks() -> None:
    outbox = connected()
    say(outbox, *[bytes(640)] * 12)
    sizes = [len(message.pcm16) for message in taken(outbox) if isinstance(message, Sound)]
    assert sizes == [CHUNK_BYTES, CHUNK_BYTES, 2 * 640]


def test_sound_outside_of_turns_leaves_only_where_the_service_finds_them() -> None:
    local, server = connected(), connected(local_turns=False)
    for outbox in (local, server):
        outbox.sound(b"ab")
    assert taken(local) == []
    assert local.dropped_bytes == 2
    assert taken(server) == [Sound(b"ab")]


def test_where_the_service_finds_the_turns_our_marks_stay_here_and_the_turn_is_said_again() -> None:
    outbox = connected(local_turns=False)
    outbox.sound(b"be")
    number = say(outbox, b"fo")
    outbox.sound(b"re")
    assert taken(outbox) == [Sound(b"be"), Sound(b"fo"), Sound(b"re")]
    outbox.connected(local_turns=False)
    assert taken(outbox) == [Sound(b"fo")]
    outbox.settle(number)
    outbox.connected(local_turns=False)
    assert taken(outbox) == []


def test_a_call_is_answered_before_all_else_also_during_a_hold() -> None:
    outbox = connected()
    answer = Response("1", "f", {"a": 1}, None)
    outbox.hold()
    outbox.start_turn(None)
    outbox.respond(answer)
    assert taken(outbox) == [answer]


def test_what_is_held_leaves_when_it_is_released_and_what_was_said_before_at_once() -> None:
    outbox = connected()
    outbox.start_turn(None)
    outbox.sound(b"ab")
    outbox.hold()
    outbox.sound(b"cd")
    outbox.end_turn()
    outbox.text("hello")
    assert taken(outbox) == [Begin(), Sound(b"ab")]
    outbox.release()
    assert taken(outbox) == [Sound(b"cd"), End(), Text("hello")]


# --- images ---


def test_one_image_a_second_and_what_follows_waits_for_it() -> None:
    outbox = connected()
    for jpeg in (b"1", b"2"):
        outbox.image(jpeg)
    outbox.text("what is this?")
    assert taken(outbox, now=10.0) == [Image(b"1")]
    assert outbox.next_image_at == 10.0 + IMAGE_PERIOD_S
    assert taken(outbox, now=10.9) == []
    assert taken(outbox, now=11.0) == [Image(b"2"), Text("what is this?")]
    assert outbox.next_image_at is None


def test_an_image_keeps_out_of_turns_and_goes_again_with_its_text() -> None:
    outbox = connected()
    outbox.start_turn(None)
    outbox.image(b"1")
    outbox.sound(b"ab")
    outbox.end_turn()
    assert taken(outbox) == [Begin(), Sound(b"ab"), End(), Image(b"1")]
    number = outbox.text("what is this?")
    assert taken(outbox) == [Text("what is this?")]
    outbox.settle(number - 1)
    reconnect(outbox)
    assert taken(outbox, now=5.0) == [Image(b"1"), Text("what is this?")]
    outbox.settle(number)
    reconnect(outbox)
    assert taken(outbox, now=10.0) == []


def test_images_without_a_text_are_bounded() -> None:
    outbox = connected()
    for number in range(3 * KEPT_IMAGES):
        outbox.image(bytes([number]))
        outbox.take(float(number) * IMAGE_PERIOD_S)
    outbox.start_turn(None)
    for number in range(3 * KEPT_IMAGES):
        outbox.image(bytes([100 + number]))
    outbox.end_turn()
    reconnect(outbox)
    sent = [message for now in range(1000, 1100) for message in taken(outbox, float(now))]
    images = [message.jpeg for message in sent if isinstance(message, Image)]
    assert images == [bytes([100 + number]) for number in range(2 * KEPT_IMAGES, 3 * KEPT_IMAGES)]


# --- again ---


def test_what_is_not_settled_is_said_again_in_order() -> None:
    outbox = connected()
    first = say(outbox, b"ab")
    say(outbox, b"cd", note="n")
    outbox.text("hello")
    taken(outbox)
    outbox.settle(first)
    reconnect(outbox)
    assert taken(outbox) == [Begin(), Note("n"), Sound(b"cd"), End(), Text("hello")]


def test_a_turn_that_was_open_is_begun_again_with_all_its_sound() -> None:
    outbox = connected()
    outbox.start_turn("n")
    outbox.sound(b"ab")
    taken(outbox)
    outbox.sound(b"cd")
    reconnect(outbox)
    outbox.sound(b"ef")
    outbox.end_turn()
    sent = taken(outbox)
    assert sent[:2] == [Begin(), Note("n")]
    assert b"".join(message.pcm16 for message in sent if isinstance(message, Sound)) == b"abcdef"
    assert sent[-1] == End()


def test_notes_that_were_stopped_are_not_said_again() -> None:
    outbox = connected()
    say(outbox, b"ab", note="n")
    taken(outbox)
    outbox.notes = False
    reconnect(outbox)
    assert taken(outbox) == [Begin(), Sound(b"ab"), End()]


def test_answers_to_calls_and_remarks_belong_to_their_connection() -> None:
    outbox = connected()
    outbox.respond(Response("1", "f", {"a": 1}, None))
    outbox.remark("you were asked")
    reconnect(outbox)
    assert taken(outbox) == []
    outbox.remark("you were asked")
    assert taken(outbox) == [Text("you were asked")]
    reconnect(outbox)
    assert taken(outbox) == []


def test_what_is_settled_while_it_is_being_said_is_said_to_its_end_and_not_again() -> None:
    outbox = connected()
    number = say(outbox, b"ab", b"cd")
    taken(outbox)
    reconnect(outbox)
    assert outbox.take(0.0) == Begin()
    outbox.settle(number)
    assert taken(outbox) == [Sound(b"abcd"), End()]
    reconnect(outbox)
    assert taken(outbox) == []


def test_what_was_settled_half_way_is_not_begun_once_more() -> None:
    outbox = connected()
    number = say(outbox, b"ab")
    taken(outbox)
    reconnect(outbox)
    assert outbox.take(0.0) == Begin()
    outbox.settle(number)
    reconnect(outbox)
    assert taken(outbox) == []
    assert not outbox.in_turn


def test_a_connection_that_dies_while_it_is_told_again_changes_no_order() -> None:
    outbox = connected()
    outbox.text("a")
    outbox.text("b")
    taken(outbox)
    reconnect(outbox)
    assert outbox.take(0.0) == Text("a")
    reconnect(outbox)
    assert taken(outbox) == [Text("a"), Text("b")]


def test_a_turn_settled_by_mistake_before_it_has_ended_stays_whole() -> None:
    outbox = connected()
    number = outbox.start_turn(None)
    outbox.sound(b"ab")
    taken(outbox)
    reconnect(outbox)
    outbox.settle(number)
    outbox.sound(b"cd")
    outbox.end_turn()
    assert taken(outbox) == [Begin(), Sound(b"ab"), Sound(b"cd"), End()]


def test_what_was_never_said_in_full_is_not_settled_by_a_mistake() -> None:
    outbox = Outbox()
    outbox.settle(say(outbox, b"ab"))
    reconnect(outbox)
    assert taken(outbox) == [Begin(), Sound(b"ab"), End()]
    reconnect(outbox)
    assert taken(outbox) == []


# --- bounds ---


def test_of_what_was_too_much_to_keep_nothing_is_left() -> None:
    outbox = connected()
    answered, asked = say(outbox, b"ab"), say(outbox, *[SECOND] * 8)
    taken(outbox)
    outbox.settle(answered)
    reconnect(outbox)
    assert outbox.gone == {answered}
    lost, *_ = [say(outbox, *[SECOND] * 5) for _ in range(3)]
    assert outbox.gone == {answered, lost}
    assert len([message for message in taken(outbox) if message == Begin()]) == 3
    outbox.text("hello")
    outbox.settle(asked)
    assert outbox.gone == {answered, asked, lost}


def test_ten_seconds_wait_and_the_oldest_is_dropped_with_its_empty_turn() -> None:
    outbox = Outbox()
    say(outbox, *[SECOND] * 2)
    say(outbox, *[SECOND] * 10)
    assert outbox.dropped_bytes == 2 * len(SECOND)
    reconnect(outbox)
    assert taken(outbox) == [Begin(), *[Sound(SECOND)] * 10, End()]


def test_a_turn_that_has_been_begun_is_ended_though_no_sound_of_it_is_left() -> None:
    outbox = connected()
    outbox.start_turn("n")
    outbox.sound(SECOND)
    outbox.end_turn()
    assert outbox.take(0.0) == Begin()
    say(outbox, *[SECOND] * 10)
    assert taken(outbox)[:3] == [Note("n"), End(), Begin()]


def test_thirty_seconds_are_kept_and_the_oldest_turn_goes_first() -> None:
    outbox = connected()
    for seconds in (5, 20, 8):
        outbox.start_turn(None)
        for _ in range(seconds):
            outbox.sound(SECOND)
            taken(outbox)
        outbox.end_turn()
        taken(outbox)
    assert outbox.dropped_bytes == 0, "all of it was heard"
    reconnect(outbox)
    sent = taken(outbox)
    assert sent == [
        *[Begin(), *[Sound(SECOND)] * 2, End()],
        *[Begin(), *[Sound(SECOND)] * 20, End()],
        *[Begin(), *[Sound(SECOND)] * 8, End()],
    ]


def test_prompts_are_bounded_where_they_have_no_sound() -> None:
    waiting, sent = Outbox(), connected()
    for number in range(2 * KEPT_PROMPTS):
        for outbox in (waiting, sent):
            outbox.text(str(number))
        taken(sent)
    kept = [Text(str(number)) for number in range(KEPT_PROMPTS, 2 * KEPT_PROMPTS)]
    for outbox in (waiting, sent):
        reconnect(outbox)
        assert taken(outbox) == kept


# --- whatever happens ---

WORD = struct.Struct("<ii")

DOINGS = st.one_of(
    st.sampled_from(
        ["start", "noted", "end", "text", "hold", "release", "connect", "settle", "overdo", "drain"]
    ),
    st.sampled_from(["sound", "take"]),
    st.sampled_from(["sound", "take"]),  # three times as likely as any other
)


class Server:
    """What one session has heard; complains about what the real service would."""

    def __init__(self) -> None:
        self.open = False
        self.words: list[tuple[int, int]] = []
        self.begun = 0

    def hear(self, message: Message) -> None:
        match message:
            case Begin():
                assert not self.open
                self.open, self.begun = True, len(self.words)
            case Note():
                assert self.open
                assert len(self.words) == self.begun, "a note comes before the sound"
            case Sound(pcm16):
                assert self.open
                assert 0 < len(pcm16) <= CHUNK_BYTES
                self.words += WORD.iter_unpack(pcm16)
            case End():
                assert self.open
                self.open = False
            case Text(text):
                assert not self.open
                self.words.append((int(text), 0))


class World:
    """An outbox, those who speak into it, and the sessions that hear."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.outbox.notes = True
        self.said: dict[int, list[tuple[int, int]]] = {}
        self.settled = 0
        self.turn: int | None = None
        self.sessions: list[Server] = []
        self.connect()

    def connect(self) -> None:
        reconnect(self.outbox)
        self.sessions.append(Server())

    def do(self, what: str) -> None:
        outbox = self.outbox
        match what:
            case "start" | "noted":
                self.turn = outbox.start_turn("note" if what == "noted" else None)
                self.said[self.turn] = []
            case "sound" if self.turn is not None:
                words = self.said[self.turn]
                words.append((self.turn, len(words)))
                outbox.sound(WORD.pack(*words[-1]))
            case "end":
                self.turn = None
                outbox.end_turn()
            case "text":
                expected = max(self.said, default=0) + 1
                assert outbox.text(str(expected)) == expected
                self.said[expected] = [(expected, 0)]
            case "take" | "drain":
                for message in self.take(1 if what == "take" else 10_000):
                    self.sessions[-1].hear(message)
            case "settle" | "overdo":
                self.settled = max(self.settled, outbox.heard if what == "settle" else len(self.said))
                outbox.settle(self.settled)
            case "hold":
                outbox.hold()
            case "release":
                outbox.release()
            case "connect":
                self.connect()

    def take(self, limit: int) -> Iterable[Message]:
        for _ in range(limit):
            if (message := self.outbox.take(0.0)) is None:
                return
            yield message

    def finish(self) -> None:
        for what in ("end", "release", "drain"):
            self.do(what)


@settings(max_examples=300)
@given(st.lists(DOINGS, max_size=80))
def test_every_word_once_and_in_order_in_every_session(doings: list[str]) -> None:
    world = World()
    for what in doings:
        world.do(what)
    world.finish()
    for session in world.sessions:
        assert session.words == sorted(set(session.words)), "in order, and none twice"
    last = world.sessions[-1].words
    for number, words in world.said.items():
        heard = [word for word in last if word[0] == number]
        if number > world.settled:
            assert heard == words, "what is not settled has been heard in full"
        else:
            assert heard in (words, []), "all or nothing"
        everywhere = {word for session in world.sessions for word in session.words}
        assert everywhere >= set(words), "somebody has heard every word"


@settings(max_examples=300)
@given(st.lists(DOINGS, max_size=120))
def test_memory_is_bounded_and_the_protocol_kept_when_it_is_full(doings: list[str]) -> None:
    limits = {"WAITING_BYTES": 3 * WORD.size, "KEPT_BYTES": 5 * WORD.size, "KEPT_PROMPTS": 4}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in limits.items():
            patch.setattr(module, name, value)
        world = World()
        for what in doings:
            world.do(what)
            queues = world.outbox._queues
            assert sum(queue.sound_bytes for queue in queues) <= 8 * WORD.size
            for queue in queues:
                assert queue.sound_bytes == sum(entry.sound_bytes for entry in queue.entries)
            texts = [e for queue in queues for e in queue.entries if isinstance(e.message, Text)]
            assert len(texts) <= 5
        world.finish()
        for session in world.sessions:
            assert session.words == sorted(set(session.words))
