"""The channel's side of a room: people who speak one after another or at once, and a bot that plays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Protocol

from audio.outbound import PlayedReply
from bot.live.events import Audio
from bot.turns.turn import Spoken, Turn, TurnStarted
from tests.soak.judge import Judge, Said, Wish
from tests.soak.words import PIECE_S, WORD_S, read_piece, word

PREROLL = 2
"""Words that were said before the turn was certain, and go out at once."""

HANGOVER_S = 0.5

DRY_S = 1.0
"""A reply that nothing more comes of is over after this, finished or not, as in audio.playout."""


class Listener(Protocol):
    """What hears a turn: bot.conversation.Conversation."""

    def turn_started(self, event: TurnStarted, now: float) -> None: ...
    def send_audio(self, pcm16: bytes) -> None: ...
    def turn_ended(self, turn: Turn, now: float) -> None: ...


class Playback:
    """The bot's voice as the conversation sees it, and as the channel hears it: in real time."""

    def __init__(self, judge: Judge, now: Callable[[], float]) -> None:
        self._judge, self._now = judge, now
        self._until = 0.0
        self._from = 0.0
        self._open = False  # more is expected

    @property
    def playing(self) -> bool:
        return self._now() < self._until + (DRY_S if self._open else 0.0)

    @property
    def ends_at(self) -> float:
        """When what is there will have been played."""
        return self._until

    def push(self, audio: Audio) -> None:
        now = self._now()
        if not self.playing:
            self._from = now
        self._open = True
        self._until = max(self._until, now) + PIECE_S
        if (answer := read_piece(audio.pcm16)) is not None:
            self._judge.played(answer, now)

    def finish(self) -> None:
        self._open = False

    def stop(self) -> PlayedReply:
        now = self._now()
        played_s, dropped_s = max(0.0, min(now, self._until) - self._from), max(0.0, self._until - now)
        self._until, self._open = now, False
        return PlayedReply(played_s * 1000, dropped_s * 1000)

    def duck(self) -> None:
        """Softer: nobody here listens for it."""

    def unduck(self) -> None:
        """Louder."""


class Ear:
    """Makes turns of what people say: while anybody speaks it is one turn, and half a second longer."""

    def __init__(self, listener: Listener, judge: Judge) -> None:
        self.listener = listener
        self._judge = judge
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._said: Said | None = None
        self._spoken: dict[int, Spoken] = {}
        self._until = 0.0
        self._bound = False

    @property
    def in_turn(self) -> bool:
        return self._said is not None

    def say(self, user_id: int, text: str, wish: Wish, for_s: float, *, bound: bool = False) -> int:
        """Somebody begins to speak. The number of the turn in which they do. `bound`: they may be going on
        with what the bot has just answered, so that what others say meanwhile makes it a doubtful turn."""
        now = self._loop.time()
        said = self._said
        if said is None:
            said = self._said = Said(next(self._numbers), [user_id], text, wish, now)
            self._judge.said(said)
            self._spoken = {}
            self._bound = False
            self._loop.call_later(PREROLL * WORD_S, self._start, said)
        else:
            said.text += f" {text}"
            doubtful = wish is Wish.SILENCE and (bound or self._bound)
            said.wish = said.wish if said.wish is wish and not doubtful else Wish.EITHER
            if user_id not in said.speakers:
                said.speakers.append(user_id)
        self._bound = self._bound or bound
        self._spoken[user_id] = Spoken(user_id, now, now + for_s)
        self._until = max(self._until, now + for_s)
        return said.number

    def _start(self, said: Said) -> None:
        now = self._loop.time()
        self.listener.turn_started(TurnStarted((said.speakers[0],), said.began_at), now)
        for _ in range(PREROLL):
            self._word(said)
        self._loop.call_later(WORD_S, self._go_on, said)

    def _go_on(self, said: Said) -> None:
        now = self._loop.time()
        self._word(said)
        if now < self._until + HANGOVER_S:
            self._loop.call_later(WORD_S, self._go_on, said)
            return
        self._said = None
        said.ended_at = now
        speakers = tuple(sorted(self._spoken.values(), key=lambda spoken: spoken.start))
        self.listener.turn_ended(Turn(speakers, said.began_at, self._until, False), now)

    def _word(self, said: Said) -> None:
        self.listener.send_audio(word(said.number, said.words))
        self._judge.spoke(said)
