"""Watchdogs: what fails without saying so.

- a person whose packets arrive but do not decrypt (a missed re-key): op 31, then a whole new session, then
  say so;
- a group that does not come about although others are in the call.

36 failures in a row is discord.js's threshold (DAVESession.ts): 0.7 s of speech. Failures around a change
of keys are ordinary (senders switch at different moments), so nobody is judged within 2 s of one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from audio.inbound import Inbound
from bot.clock import monotonic
from bot.voice.closing import Ending, Step
from bot.voice.dave import DaveHandshake
from bot.voice.events import SpeakerTrouble
from bot.voice.people import People

_log = logging.getLogger(__name__)
FAILURE_STREAK = 36
GRACE_S = 2.0
GROUP_S = 5.0  # a group of two is there within 100 ms; a slow transition takes the server's 2 s
NEW_KEY_PACKAGES = 2
MAX_REMEDIES = 5
LOOK_S = 0.25

_EVERYBODY = 0  # no user id: the group as a whole


class Watch:
    """Lives as long as the link, so that the remedies already tried are not forgotten."""

    def __init__(self, inbound: Inbound, people: People, handshake: DaveHandshake) -> None:
        self._inbound = inbound
        self._people = people
        self._handshake = handshake
        self._remedies: Counter[int] = Counter()
        self._judged: dict[int, int] = {}  # the streak of a person when the last remedy was given

    async def look(
        self, recover: Callable[[], Awaitable[None]], tell: Callable[[SpeakerTrouble], None]
    ) -> Ending:
        """Returns when only a new session can help. `recover` asks for a new place in the group."""
        while True:
            await asyncio.sleep(LOOK_S)
            now = monotonic()
            for user_id in self._patients(now):
                self._remedies[user_id] += 1
                count = self._remedies[user_id]
                if count <= NEW_KEY_PACKAGES:
                    await recover()
                    break  # one remedy at a time: it may cure the others, too
                if count <= MAX_REMEDIES:
                    return Ending(Step.REJOIN, reason=f"end-to-end keys: remedy {count}")
                if count == MAX_REMEDIES + 1:
                    _log.error("user %d cannot be decrypted after %d remedies", user_id, MAX_REMEDIES)
                    tell(SpeakerTrouble(user_id, "undecryptable"))

    def _patients(self, now: float) -> list[int]:
        """Who needs a remedy right now; `_EVERYBODY` when there is no group at all."""
        transitions = self._handshake.transitions
        since_change_s = now - transitions.changed_at
        if not self._handshake.is_encrypted or since_change_s < GRACE_S or transitions.pending(now):
            return []
        if self._handshake.is_ready:
            self._remedies.pop(_EVERYBODY, None)
        elif self._people and since_change_s > GROUP_S:
            return [_EVERYBODY]
        return [user_id for user_id in self._people if self._is_undecryptable(user_id)]

    def _is_undecryptable(self, user_id: int) -> bool:
        stats = self._inbound.stats.get(user_id)
        streak = stats.failure_streak if stats is not None else 0
        if streak < self._judged.get(user_id, 0):
            self._judged.pop(user_id)
            self._remedies.pop(user_id, None)
        if streak - self._judged.get(user_id, 0) < FAILURE_STREAK:
            return False
        self._judged[user_id] = streak
        return True
