"""All that a voice channel says: datagrams in as they arrive, one mixed frame out per tick.

    datagram ─► parse ─► transport ─► strip ─► whose? ─► seen before? ─► DAVE ─► speaker (order, decode)

Each packet is decrypted once, when it comes: keys live ten seconds and nonces are single-use. What cannot be
attributed or decrypted *yet* is held for a second; the rest is counted by cause and dropped. UDP is hostile
input: nothing in here raises because of what a datagram holds."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from audio.activity import Voice
from audio.e2ee import DaveRefusal, E2ee
from audio.formats import SILENCE_PACKET, Samples
from audio.rtp import Refusal, RtpPacket, parse, strip
from audio.speaker import Speaker, SpeakerStats
from audio.transport import Transport
from audio.waiting import Held, WaitingRoom

_TAKEOVER_S = 0.5
"""Trial decryption may not give a user a new SSRC who was heard on another one this recently: the unknown
SSRC is then a straggler of an older one."""


class Drop(enum.Enum):
    """Why a datagram was dropped that is none of `Refusal`."""

    NO_TRANSPORT = "no transport key yet"
    BAD_TAG = "not sealed with the transport key"
    UNKNOWN_SSRC = "nobody's SSRC"
    NOT_LISTENED_TO = "not listened to"
    NOT_HELD = "too many strangers"


@dataclass(slots=True)
class Heard:
    """One speaker in one tick."""

    user_id: int
    voice: Voice
    level_db: float
    """Relative to full scale."""
    arrived_at: float
    """Arrival of the packet this frame came from, monotonic seconds."""


@dataclass(slots=True)
class Tick:
    """20 ms of the channel."""

    pcm: Samples | None
    """The sum of all speakers, shape (960,), not limited: it may exceed ±1.0. None if nobody had audio."""
    heard: list[Heard]


class Inbound:
    """The receiving half of a room."""

    def __init__(self, self_id: int, e2ee: E2ee) -> None:
        self.transport: Transport | None = None
        """Of the latest op 4; without one everything is dropped."""
        self.listens_to: Callable[[int], bool] = lambda user_id: True
        """Policy: whose audio is wanted. Never asked about ourselves."""
        self.stats: dict[int, SpeakerStats] = {}
        self.drops: Counter[Refusal | Drop] = Counter()
        self._self_id = self_id
        self._e2ee = e2ee
        self._users: dict[int, int] = {}  # SSRC → user id
        self._speakers: dict[int, Speaker] = {}
        self._active: dict[int, Speaker] = {}  # those who may have a frame
        self._waiting = WaitingRoom()

    def receive(self, datagram: bytes, now: float) -> None:
        """One datagram, as it came from the socket at `now`."""
        packet = parse(datagram)
        if isinstance(packet, Refusal):
            self.drops[packet] += 1
            return
        user_id = self._users.get(packet.ssrc)
        if user_id is not None and not self._wanted(user_id):
            self.drops[Drop.NOT_LISTENED_TO] += 1
            return
        if self.transport is None:
            self.drops[Drop.NO_TRANSPORT] += 1
            return
        plaintext = self.transport.open(datagram, packet.header_len)
        if plaintext is None:
            self.drops[Drop.BAD_TAG] += 1
            return
        payload = strip(plaintext, packet)
        if isinstance(payload, Refusal):
            self.drops[payload] += 1
            if payload is Refusal.EMPTY and user_id in self._speakers:
                self._speakers[user_id].skip(packet.ssrc, packet.sequence)
        elif user_id is None or packet.ssrc in self._waiting:
            self._wait(packet, payload, now)
            self._settle(packet.ssrc, now)
        else:
            self._accept(user_id, packet, payload, now)

    def tick(self, now: float) -> Tick:
        """The 20 ms that are due at `now`."""
        for ssrc in self._waiting.ssrcs():
            self._settle(ssrc, now)
        pcm: Samples | None = None
        heard: list[Heard] = []
        for user_id, speaker in list(self._active.items()):
            frame = speaker.frame(now)
            if frame is not None:
                heard.append(Heard(user_id, speaker.voice, speaker.level_db, speaker.arrived_at))
                pcm = frame if pcm is None else pcm + frame
            elif not speaker.active:
                del self._active[user_id]
        return Tick(pcm, heard)

    # -- what the voice gateway says

    def map_ssrc(self, ssrc: int, user_id: int) -> None:
        """`user_id` speaks as `ssrc` (op 5, op 12). Their previous SSRC is forgotten."""
        self._users = {known: owner for known, owner in self._users.items() if owner != user_id}
        self._users[ssrc] = user_id

    def user_joined(self, user_id: int) -> None:
        """Somebody is in the channel (op 11): their statistics begin."""
        if user_id != self._self_id:
            self.stats.setdefault(user_id, SpeakerStats())

    def user_left(self, user_id: int) -> None:
        """Somebody left (op 13). Their SSRC is forgotten, not banned: Discord may give it to them again.

        What they still have in the buffer is dropped; the statistics are kept.
        """
        self._users = {ssrc: owner for ssrc, owner in self._users.items() if owner != user_id}
        self._speakers.pop(user_id, None)
        self._active.pop(user_id, None)

    def reset(self) -> None:
        """A new voice session: SSRCs and buffers are void."""
        self._users.clear()
        self._speakers.clear()
        self._active.clear()
        self._waiting.clear()

    # -- packets on their way

    def _wanted(self, user_id: int) -> bool:
        return user_id != self._self_id and self.listens_to(user_id)

    def _speaker(self, user_id: int) -> Speaker:
        speaker = self._speakers.get(user_id)
        if speaker is None:
            stats = self.stats.setdefault(user_id, SpeakerStats())
            speaker = self._speakers[user_id] = Speaker(user_id, stats)
        return speaker

    def _accept(self, user_id: int, packet: RtpPacket, payload: bytes, arrived_at: float) -> None:
        """A packet whose sender is known."""
        speaker = self._speaker(user_id)
        if speaker.seen(packet.ssrc, packet.sequence, arrived_at):
            speaker.stats.duplicates += 1
            return
        opus = self._e2ee.decrypt(user_id, payload, arrived_at)
        if opus is DaveRefusal.NO_DECRYPTOR:
            self._wait(packet, payload, arrived_at)
        elif isinstance(opus, DaveRefusal):
            speaker.stats.count_failure(opus)
        else:
            self._deliver(speaker, packet, opus, arrived_at)

    def _deliver(self, speaker: Speaker, packet: RtpPacket, opus: bytes, arrived_at: float) -> None:
        if opus != SILENCE_PACKET:  # which proves nothing about keys
            speaker.stats.failure_streak = 0
        speaker.push(packet.ssrc, packet.sequence, packet.timestamp, opus, arrived_at)
        self._active[speaker.user_id] = speaker

    # -- packets that wait for a name or a key

    def _wait(self, packet: RtpPacket, payload: bytes, arrived_at: float) -> None:
        if not self._waiting.put(Held(packet, payload, arrived_at)):
            self.drops[Drop.NOT_HELD] += 1

    def _settle(self, ssrc: int, now: float) -> None:
        """Let the packets of `ssrc` go if they can; drop those that waited too long."""
        user_id = self._users.get(ssrc)
        if user_id is None:
            user_id = self._identify(ssrc, now)
        if user_id is not None and not self._wanted(user_id):
            self.drops[Drop.NOT_LISTENED_TO] += len(self._waiting.take(ssrc))
        elif user_id is not None and self._e2ee.can_decrypt(user_id):
            for held in self._waiting.take(ssrc):
                self._accept(user_id, held.packet, held.payload, held.arrived_at)
        elif dropped := self._waiting.give_up(ssrc, now):
            if user_id is None:
                self.drops[Drop.UNKNOWN_SSRC] += dropped
            else:
                self._speaker(user_id).stats.count_failure(DaveRefusal.NO_DECRYPTOR, dropped)

    def _identify(self, ssrc: int, now: float) -> int | None:
        """Whose `ssrc` is, by trial decryption: op 5 may be missing (after a re-join), the key cannot."""
        held = self._waiting.for_trial(ssrc, now)
        found = self._e2ee.identify(held.payload, self._candidates(now)) if held else None
        if held is None or found is None:
            return None
        user_id, opus = found
        self.map_ssrc(ssrc, user_id)
        if self._wanted(user_id):
            self._waiting.remove(held)
            self._deliver(self._speaker(user_id), held.packet, opus, held.arrived_at)
        return user_id

    def _candidates(self, now: float) -> Iterator[int]:
        """Who may be behind an unknown SSRC: first the members who have none."""
        mapped = set(self._users.values())
        for user_id in sorted(self._e2ee.members(), key=mapped.__contains__):
            speaker = self._speakers.get(user_id)
            recent = speaker is not None and now - speaker.last_push < _TAKEOVER_S
            if user_id != self._self_id and not recent:
                yield user_id
