"""One answer's life: what of it is to be heard."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.turns.reply import Event, Reply, State


def after(*events: Event) -> Reply:
    reply = Reply()
    for event in events:
        reply.feed(event)
    return reply


def test_sound_is_heard_until_the_answer_is_complete() -> None:
    assert after(Event.SOUND, Event.SOUND).audible
    assert not after(Event.SOUND, Event.COMPLETE).audible
    assert after(Event.SOUND, Event.COMPLETE, Event.COMPLETE, Event.SOUND).audible


def test_what_comes_after_a_barge_in_is_not_heard() -> None:
    assert not after(Event.SOUND, Event.STOPPED, Event.SOUND).audible


def test_after_the_servers_word_the_next_answer_is_heard() -> None:
    for word in (Event.INTERRUPTED, Event.COMPLETE):
        assert after(Event.SOUND, Event.STOPPED, Event.SOUND, word, Event.SOUND).audible


def test_a_server_that_never_says_so_has_finished_when_our_turn_is_sent() -> None:
    assert after(Event.SOUND, Event.STOPPED, Event.SOUND, Event.TURN_SENT, Event.SOUND).audible


def test_stopping_an_answer_that_was_received_in_full_discards_nothing() -> None:
    assert after(Event.SOUND, Event.COMPLETE, Event.STOPPED, Event.SOUND).audible


def test_a_new_connection_starts_afresh() -> None:
    assert after(Event.SOUND, Event.STOPPED, Event.CONNECTED, Event.SOUND).audible


@given(st.lists(st.sampled_from(Event)))
def test_never_deaf_to_the_answer_of_a_turn_that_was_sent(events: list[Event]) -> None:
    reply = after(*events, Event.TURN_SENT)
    assert reply.state is not State.DISCARDING
    reply.feed(Event.SOUND)
    assert reply.audible
