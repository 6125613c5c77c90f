"""End-to-end encryption of frames: which MLS groups encrypt and decrypt at this moment.

davey switches its encryptor as soon as it has processed a commit, a DAVE client only when the transition
is executed (op 22). In between, members who have not seen the commit could not decrypt us. So the frames
about to be said are encrypted ahead, with the key that still holds, just before a commit is processed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

import davey

from audio.formats import SILENCE_PACKET

_OLD_KEYS_S = 10.0  # whitepaper: receivers keep the keys of the epoch before for ten seconds
_AHEAD = 150  # frames of 20 ms; the server executes a transition after 2 s at the latest
_TRAILER = b"\xfa\xfa"


class FrameKeys:
    """The newest group, the ones before it for ten seconds, and whether plaintext is allowed."""

    def __init__(self) -> None:
        self.version = 0
        """Protocol version that senders use now; 0 is plaintext."""
        self.newest: davey.DaveSession | None = None
        self.upcoming: Callable[[], Iterable[bytes]] = tuple
        """The Opus frames this member is about to send."""
        self.old_epoch_frames = 0
        """For scenarios: so many frames keep the old key after the next transition is executed."""
        self._sending: davey.DaveSession | None = None
        self._retired: list[tuple[davey.DaveSession, float]] = []
        self._plaintext_until = -math.inf
        self._ahead: dict[int, deque[tuple[bytes, bytes]]] = {}  # by the transition that ends its use

    @property
    def ready(self) -> bool:
        """Whether this member is in the group, and so hears the others."""
        return self.version == 0 or (self.newest is not None and self.newest.ready)

    @property
    def entering(self) -> bool:
        """In the group, but not to encrypt with its key yet: op 22 has not come."""
        return self.version != 0 and self.ready and self._sending is not self.newest

    def start(self, version: int) -> None:
        """A voice session begins (op 4) with this version; nobody announced a downgrade."""
        self.version = version
        self._plaintext_until = -math.inf

    def replace(self, group: davey.DaveSession, now: float) -> None:
        """A new group is being formed. The one before goes on encrypting until a transition is executed."""
        if self.newest is not None:
            self._retired.append((self.newest, now + _OLD_KEYS_S))
        self._retired = [(old, until) for old, until in self._retired if now < until]
        self.newest = group

    def before_commit(self, transition_id: int) -> None:
        """The encryptor is about to switch: encrypt ahead what may be said before op 22."""
        if self.version and transition_id:
            coming = (opus for opus in islice(self.upcoming(), _AHEAD) if opus != SILENCE_PACKET)
            frames = ((opus, self._encrypt_now(opus)) for opus in coming)
            self._ahead[transition_id] = deque((opus, frame) for opus, frame in frames if frame is not None)

    def announce(self, version: int) -> None:
        """A transition was announced: receivers accept plaintext from now on if it leads to version 0."""
        if version == 0:
            self._plaintext_until = math.inf

    def execute(self, transition_id: int, version: int, now: float) -> None:
        """A transition is executed: senders switch."""
        if version == 0:
            self._plaintext_until = math.inf
        else:
            self._plaintext_until = now + _OLD_KEYS_S if self.version == 0 else -math.inf
        self.version = version
        self._sending = self.newest
        self._switch(transition_id)

    def _switch(self, transition_id: int) -> None:
        """Drop what was encrypted ahead for before this transition; other transitions may still be open."""
        if transition_id == 0:
            self._ahead.clear()
        while transition_id in self._ahead:
            ended, frames = next(iter(self._ahead.items()))
            del self._ahead[ended]
            if ended == transition_id and self.old_epoch_frames:
                late = deque(islice(frames, self.old_epoch_frames))
                self._ahead = {-transition_id: late} | self._ahead
                self.old_epoch_frames = 0

    def encrypt(self, opus: bytes) -> bytes | None:
        """The frame to send; None while there is no key (it must not be sent then)."""
        if self.version == 0 or opus == SILENCE_PACKET:
            return opus
        ahead = [_take(frames, opus) for frames in self._ahead.values()]
        return next((frame for frame in ahead if frame is not None), None) or self._encrypt_now(opus)

    def _encrypt_now(self, opus: bytes) -> bytes | None:
        group = self._sending
        if group is None or not group.ready:
            return None
        return group.encrypt_opus(opus)

    def decrypt(self, user_id: int, frame: bytes, now: float) -> bytes | None:
        """The Opus packet; None without a fitting key. A failure changes nothing and may be tried again."""
        if frame == SILENCE_PACKET:
            return frame
        if not frame.endswith(_TRAILER):
            return frame if self.version == 0 or now < self._plaintext_until else None
        for group in self._groups(now):
            try:
                return group.decrypt(user_id, davey.MediaType.audio, frame)
            except ValueError:
                continue
        return frame if self.version == 0 else None

    def identify(self, frame: bytes, taken: Iterable[int], now: float) -> tuple[int, bytes] | None:
        """Whose frame it is, found by trial: only the sender's key fits the 8-byte tag (1.2 µs a trial)."""
        if frame == SILENCE_PACKET or not frame.endswith(_TRAILER) or self.newest is None:
            return None
        for user_id in {int(user) for user in self.newest.get_user_ids()}.difference(taken):
            opus = self.decrypt(user_id, frame, now)
            if opus is not None and opus is not frame:
                return user_id, opus
        return None

    def _groups(self, now: float) -> list[davey.DaveSession]:
        groups = [old for old, until in reversed(self._retired) if now < until]
        return [self.newest, *groups] if self.newest is not None else groups


def _take(frames: deque[tuple[bytes, bytes]], opus: bytes) -> bytes | None:
    """The frame for `opus` if it is the next one; what was said otherwise makes the rest void."""
    if frames and frames[0][0] is opus:
        return frames.popleft()[1]
    frames.clear()
    return None
