"""Events to inject into one user's session, while it runs: ``server.inject(user_id).stale_proposals()``.

Lasting conditions are in :class:`bot.loopback.discord.faults.VoiceFaults`. What the user is sent here is
numbered and buffered like everything else, so it is replayed on a resume, too.
"""

from __future__ import annotations

import asyncio
from typing import Any

import davey

from bot.loopback.discord.dave import APPEND, Group
from bot.loopback.discord.mls import KeyPackage, vector
from bot.loopback.discord.sfu import PAYLOAD_OPUS, Sfu
from bot.loopback.discord.voice_ops import Op
from bot.loopback.discord.voice_seat import Seat

FOREIGN_EPOCHS = 7
"""How far ahead of a new group (epoch 0) a proposal is, that has to be of another epoch."""


class Injection:
    """To (`json` … `datagram`) or in the name of (`change_ssrc`, `hold_audio`) the user of one seat."""

    def __init__(self, seat: Seat, sfu: Sfu) -> None:
        self.seat = seat
        self._sfu = sfu

    def json(self, op: int, data: dict[str, Any]) -> None:
        self.seat.send(Op(op), data)

    def binary(self, op: int, payload: bytes) -> None:
        self.seat.send(Op(op), payload)

    def external_sender(self) -> None:
        """Op 25 once more; davey raises ``AlreadyInGroup`` for it while its session is active."""
        self.seat.send(Op.MLS_EXTERNAL_SENDER, self._group.sender.package)

    def stale_proposals(self) -> None:
        """Op 27, properly signed, of the epoch before (``WrongEpoch``); in a stage: with no group at all."""
        group = self._group
        other_epoch = group.epoch - 1 if group.epoch else FOREIGN_EPOCHS
        message = group.sender.remove(group.channel_id, other_epoch, 0).message
        self.seat.send(Op.MLS_PROPOSALS, APPEND + vector(message))

    def unexpected_add(self, stranger_id: int) -> None:
        """Op 27 for somebody op 11 never announced. Members must refuse it; a commit of it is dropped."""
        group = self._group
        stranger = davey.DaveSession(1, stranger_id, group.channel_id)
        package = KeyPackage.parse(bytes(stranger.get_serialized_key_package()))
        message = group.sender.add(group.channel_id, group.epoch, package).message
        self.seat.send(Op.MLS_PROPOSALS, APPEND + vector(message))

    def bad_commit(self) -> int:
        """Op 29 that nobody could process; its transition id. The user answers with op 31 and op 26."""
        now = asyncio.get_running_loop().time()
        transition_id = self._group.transitions.start([self.seat.user_id], now)
        self.seat.send(Op.MLS_ANNOUNCE_COMMIT, transition_id.to_bytes(2, "big") + bytes(64))
        return transition_id

    def welcome_again(self) -> None:
        """The user's last op 30 once more; davey raises ``AlreadyInGroup``."""
        self.seat.send(Op.MLS_WELCOME, self.seat.last_welcome)

    def speaking_of(self, other: Seat) -> None:
        """Op 5 about another user, also where `suppress_speaking` kept it back."""
        self.seat.send(Op.SPEAKING, other.speaking_payload)

    def change_ssrc(self, ssrc: int, announce: bool = True) -> None:
        """The others hear the user under another SSRC from now on, with or without an op 5 that says so."""
        self.seat.shown_ssrc = ssrc
        if announce and self.seat.call is not None:
            self.seat.call.speaking(self.seat)

    def hold_audio(self) -> None:
        """Keep back what the user says …"""
        self.seat.held = self.seat.held or []

    def release_audio(self) -> None:
        """… and let it all go at once: packets of an old epoch after op 29, or a burst."""
        held, self.seat.held = self.seat.held or [], None
        for packet in held:
            self._sfu.forward(self.seat, packet)

    def rtp(self, header: bytes, body: bytes) -> None:
        """One packet, sealed for the user, with any header (≥ 12 bytes; extension preamble included)."""
        assert self.seat.cipher is not None
        self.datagram(self.seat.cipher.seal(header, body))

    def datagram(self, data: bytes) -> None:
        """Anything at all, as it is."""
        assert self.seat.address is not None
        self._sfu.send(data, self.seat.address)

    @property
    def _group(self) -> Group:
        encryption = self.seat.call.encryption if self.seat.call is not None else None
        return Group(self.seat.channel_id) if encryption is None else encryption.group


def rtp_header(ssrc: int, sequence: int, timestamp: int, payload_type: int = PAYLOAD_OPUS) -> bytes:
    """A plain RTP header for :meth:`Injection.rtp`; a second byte of 200 … 206 makes it RTCP."""
    return (
        bytes([0x80, payload_type & 0xFF])
        + sequence.to_bytes(2, "big")
        + timestamp.to_bytes(4, "big")
        + ssrc.to_bytes(4, "big")
    )
