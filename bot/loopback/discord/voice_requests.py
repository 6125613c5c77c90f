"""What an identified client may ask for, one function per opcode.

Bad data may raise `KeyError`, `TypeError` or `ValueError` (close code 4020, "bad request"), or `Refused`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from bot.loopback.discord.dave import PROTOCOL_VERSION
from bot.loopback.discord.voice_cipher import CIPHERS
from bot.loopback.discord.voice_ops import Close, Op, Refused
from bot.loopback.discord.voice_seat import Seat, json_frame
from bot.loopback.discord.voice_seating import Seating


def select_protocol(seating: Seating, seat: Seat, data: dict[str, Any]) -> None:
    if data["protocol"] != "udp":
        raise Refused(Close.UNKNOWN_PROTOCOL, f"protocol {data['protocol']!r}")
    mode = str(data["data"]["mode"])
    if mode not in seating.modes:
        raise Refused(Close.UNKNOWN_MODE, f"mode {mode!r}")
    if seat.address is None:  # no discovery: the client knows its address by other means
        seating.sfu.bind(seat, (str(data["data"]["address"]), int(data["data"]["port"])))
    seating.later(seating.faults.of(seat.user_id).description_delay_s, describe, seat, mode)


def describe(seat: Seat, mode: str) -> None:
    """Op 4; the user's audio and its part in the group begin with it."""
    if seat.call is None:
        return
    key = secrets.token_bytes(32)
    description = {
        "mode": mode,
        "secret_key": list(key),
        "dave_protocol_version": PROTOCOL_VERSION if seat.dave else 0,
        "audio_codec": "opus",
        "video_codec": "H264",
        "media_session_id": secrets.token_hex(16),
    }
    seat.cipher = CIPHERS[mode](key)
    seat.send(Op.SESSION_DESCRIPTION, description)
    seat.call.described(seat)


def speaking(seating: Seating, seat: Seat, data: dict[str, Any]) -> None:
    if int(data["ssrc"]) != seat.ssrc:
        raise Refused(Close.BAD_REQUEST, "Invalid SSRC")
    seat.speaking = int(data["speaking"])
    if seat.call is not None:
        seat.call.speaking(seat)


def video(seating: Seating, seat: Seat, data: dict[str, Any]) -> None:
    if int(data["audio_ssrc"]) not in (0, seat.ssrc):
        raise Refused(Close.BAD_REQUEST, "Invalid SSRC")
    seat.video = {**data, "user_id": str(seat.user_id)}
    if seat.call is not None:
        seat.call.video(seat)


def backend_version(seating: Seating, seat: Seat, data: dict[str, Any]) -> None:
    if seat.connection is not None:
        versions = {"voice": "0.0.0-loopback", "rtc_worker": "0.0.0-loopback"}
        seat.connection.send(json_frame(Op.VOICE_BACKEND_VERSION, versions))


def transition_ready(seating: Seating, seat: Seat, data: dict[str, Any]) -> None:
    transition_id = int(data["transition_id"])
    if seat.call is not None and seat.call.encryption is not None:
        seat.call.encryption.ready(seat, transition_id)


def invalid_commit_welcome(seating: Seating, seat: Seat, data: dict[str, Any]) -> None:
    int(data["transition_id"])  # required, though nothing depends on which one it was
    if seat.call is not None and seat.call.encryption is not None:
        seat.call.encryption.invalid(seat)


def ignore(seating: Seating, seat: Seat, data: Any) -> None:
    """Sent by official clients, without effect on audio."""


REQUESTS: dict[int, Callable[[Seating, Seat, Any], None]] = {
    Op.SELECT_PROTOCOL: select_protocol,
    Op.SPEAKING: speaking,
    Op.VIDEO: video,
    Op.SESSION_UPDATE: ignore,
    Op.MEDIA_SINK_WANTS: ignore,
    Op.VOICE_BACKEND_VERSION: backend_version,
    Op.TRANSITION_READY: transition_ready,
    Op.MLS_INVALID_COMMIT_WELCOME: invalid_commit_welcome,
}


def binary_request(seat: Seat, op: int, payload: bytes) -> None:
    """Op 26 or 28; `MlsError` for a key package that is not allowed."""
    encryption = seat.call.encryption if seat.call is not None else None
    if op not in (Op.MLS_KEY_PACKAGE, Op.MLS_COMMIT_WELCOME):
        raise Refused(Close.UNKNOWN_OPCODE, f"binary op {op}")
    if encryption is None:
        return
    if op == Op.MLS_KEY_PACKAGE:
        encryption.key_package(seat, payload)
    else:
        encryption.commit(seat, payload)
