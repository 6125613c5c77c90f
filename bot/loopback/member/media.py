"""The two directions of a voice session's audio: RTP, transport encryption, DAVE.

Both read the key and the groups per packet; a re-key in between is seen by the next packet.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

from audio.formats import DISCORD_FRAME, SILENCE_PACKET
from bot.loopback.member import rtp
from bot.loopback.member.frames import FrameKeys
from bot.loopback.member.impairments import Fate
from bot.loopback.member.recording import HeardPacket, Recording

_HOLD_S = 1.0
_HOLD_PACKETS = 50
_REMEMBERED = 64  # packets: 1.3 s of one speaker
_VIDEO = 101  # payload type of H.264 in Discord's clients
_SENDER_REPORT = bytes([0x80, 200, 0, 6])


@dataclass(frozen=True, slots=True)
class Sent:
    """What one frame became on the wire: its number and the datagrams, the frame's own last."""

    sequence: int
    extras: list[bytes]
    """Probes, RTCP and video that leave just before it."""
    datagram: bytes


class Sender:
    """Makes datagrams of one SSRC. `withheld` counts frames for which there was no DAVE key."""

    def __init__(self, ssrc: int, cipher: rtp.Cipher, keys: FrameKeys) -> None:
        self.ssrc = ssrc
        self.cipher = cipher
        self.withheld = 0
        self._keys = keys
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self._last_beat: float | None = None

    def make(self, opus: bytes, fate: Fate, beat: float) -> Sent | None:
        """The datagrams of one frame due at `beat` (seconds); None if it must not be sent now.

        The timestamp runs on through silence, as a real client's does."""
        frame = self._keys.encrypt(opus)
        # WebRTC's padding-only packets carry the timestamp of the audio before them
        extras = self._extras(fate) if frame is not None else []
        beats = 1 if self._last_beat is None else max(1, round((beat - self._last_beat) * 50))
        self._last_beat = beat
        self._timestamp = self._timestamp + beats * DISCORD_FRAME & 0xFFFFFFFF
        if frame is None:
            self.withheld += 1
            return None
        self._sequence += fate.jump
        datagram = self._packet(frame, self.ssrc, fate.shape)
        return Sent(self._sequence & 0xFFFF, extras, datagram)

    def _packet(self, frame: bytes, ssrc: int, shape: rtp.Shape) -> bytes:
        self._sequence = self._sequence + 1 & 0xFFFF
        return self.cipher.seal(*rtp.build(self._sequence, self._timestamp, ssrc, frame, shape))

    def _extras(self, fate: Fate) -> list[bytes]:
        made: list[bytes] = []
        if fate.rtcp:
            made.append(self.cipher.seal(_SENDER_REPORT + self.ssrc.to_bytes(4, "big"), bytes(20)))
        if fate.video:
            shape = rtp.Shape(payload_type=_VIDEO)
            header, body = rtp.build(
                self._sequence, self._timestamp, self.ssrc + 1 & 0xFFFFFFFF, bytes(200), shape
            )
            made.append(self.cipher.seal(header, body))
        if fate.probe:
            made.append(self._packet(b"", self.ssrc, rtp.Shape(padding=200)))
        return made


class Receiver:
    """Datagrams in, packets into the recording. Never raises on what comes from the network."""

    def __init__(self, self_id: int, keys: FrameKeys, recording: Recording) -> None:
        self.cipher: rtp.Cipher | None = None
        self._self_id = self_id
        self._keys = keys
        self._recording = recording
        self._users: dict[int, int] = {}
        self._held: deque[tuple[float, rtp.Packet]] = deque()
        self._seen: deque[int] = deque(maxlen=_REMEMBERED)

    def receive(self, datagram: bytes, now: float) -> None:
        if self.cipher is None:
            self._recording.counters["before_key"] += 1
            return
        packet = rtp.read(datagram, self.cipher)
        if isinstance(packet, str):
            self._recording.counters[packet] += 1
            return
        number = packet.ssrc << 16 | packet.sequence
        if number in self._seen:
            self._recording.counters["duplicate"] += 1  # before DAVE, which refuses a nonce used twice
        else:
            self._seen.append(number)
            if self._held:
                self._expire(now)
            if not self._take(packet, now, now):
                self._hold(packet, now)

    def map_ssrc(self, ssrc: int, user_id: int, now: float) -> None:
        """Op 5 and op 12 say whose an SSRC is."""
        self._users[ssrc] = user_id
        self.retry(now)

    def forget(self, user_id: int) -> None:
        """Op 13: the SSRC may be somebody else's next."""
        self._users = {ssrc: user for ssrc, user in self._users.items() if user != user_id}

    def retry(self, now: float) -> None:
        """Keys or mappings changed: try again what waits for them."""
        held, self._held = self._held, deque()
        for arrived_at, packet in held:
            if not self._take(packet, arrived_at, now):
                self._hold(packet, arrived_at)
        self._expire(now)

    def _take(self, packet: rtp.Packet, arrived_at: float, now: float) -> bool:
        user_id = self._users.get(packet.ssrc)
        if not packet.payload:  # a probe: of note only in that its sequence number is not lost
            opus = b""
            self._recording.counters["empty"] += 1
            if user_id is None:
                return True
        elif user_id is None:
            found = self._keys.identify(packet.payload, {self._self_id}, now)
            if found is None:
                return False
            user_id, opus = found
            self._users[packet.ssrc] = user_id
        else:
            decrypted = self._keys.decrypt(user_id, packet.payload, now)
            if decrypted is None:
                return False
            opus = decrypted
        heard = HeardPacket(arrived_at, packet.sequence, packet.timestamp, packet.ssrc, opus)
        self._recording.add(user_id, heard)
        return True

    def _hold(self, packet: rtp.Packet, arrived_at: float) -> None:
        self._held.append((arrived_at, packet))
        self._expire(arrived_at)

    def _expire(self, now: float) -> None:
        while self._held and (len(self._held) > _HOLD_PACKETS or now - self._held[0][0] > _HOLD_S):
            _, packet = self._held.popleft()
            known = packet.ssrc in self._users or packet.payload == SILENCE_PACKET
            self._recording.counters["undecryptable" if known else "unknown_ssrc"] += 1
