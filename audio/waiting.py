"""Packets that cannot be attributed or decrypted yet: a name (op 5, op 12) or a key (op 29, 30) is on its
way.

Bounded three ways, in time, per SSRC and in SSRCs: what a voice server sends must never pile up here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from audio.formats import SILENCE_PACKET
from audio.rtp import RtpPacket

HOLD_S = 1.0
MAX_PACKETS = 50  # per SSRC: one second of speech
MAX_SSRCS = 16
TRIAL_INTERVAL_S = 0.1
"""Trial decryption costs 1 µs per member and packet; a stranger's whole stream is not worth that."""


@dataclass(slots=True)
class Held:
    packet: RtpPacket
    payload: bytes
    """After transport decryption, before DAVE."""
    arrived_at: float


class WaitingRoom:
    """First in, first out, per SSRC."""

    def __init__(self) -> None:
        self._queues: dict[int, deque[Held]] = {}
        self._tried_at: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._queues)

    def __contains__(self, ssrc: int) -> bool:
        return ssrc in self._queues

    def ssrcs(self) -> list[int]:
        return list(self._queues)

    def put(self, held: Held) -> bool:
        """Hold one more; False if there are too many strangers already."""
        ssrc = held.packet.ssrc
        queue = self._queues.get(ssrc)
        if queue is None:
            if len(self._queues) >= MAX_SSRCS:
                return False
            queue = self._queues[ssrc] = deque()
        queue.append(held)
        return True

    def take(self, ssrc: int) -> list[Held]:
        """All that waits for `ssrc`, oldest first. It waits no longer."""
        self._tried_at.pop(ssrc, None)
        return list(self._queues.pop(ssrc, ()))

    def give_up(self, ssrc: int, now: float) -> int:
        """Drop what waited too long or is too much; how many packets that were."""
        queue = self._queues.get(ssrc)
        dropped = 0
        while queue and (now - queue[0].arrived_at > HOLD_S or len(queue) > MAX_PACKETS):
            queue.popleft()
            dropped += 1
        if not queue:
            self.take(ssrc)
        return dropped

    def for_trial(self, ssrc: int, now: float) -> Held | None:
        """A packet that may tell whose `ssrc` is, if it is time to try again. Silence tells nothing."""
        if now - self._tried_at.get(ssrc, float("-inf")) < TRIAL_INTERVAL_S:
            return None
        self._tried_at[ssrc] = now
        return next((held for held in self._queues.get(ssrc, ()) if held.payload != SILENCE_PACKET), None)

    def remove(self, held: Held) -> None:
        """`held` has been decrypted; a second time would be a replay."""
        self._queues[held.packet.ssrc].remove(held)

    def clear(self) -> None:
        self._queues.clear()
        self._tried_at.clear()
