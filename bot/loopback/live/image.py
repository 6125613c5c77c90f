"""Video frames as the Live API takes them: JPEG or PNG, at most 768 x 768, one a second (best practices).

What the real service does with a frame that is too large or too early is not documented: this one says 1007,
the strictest that it could do. Pure.
"""

from __future__ import annotations

import struct

from bot.loopback.live.refusal import invalid

MAX_SIDE = 768
FRAMES_PER_S = 1.0
BURST = 2.0
"""Frames that may come at once: "one a second" is a mean, and the network shifts them."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_SIZED = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
"""The start-of-frame markers of ITU-T T.81, table B.1: C4, C8 and CC are others."""


def measure(data: bytes, mime_type: str) -> tuple[int, int]:
    """Width and height of a frame; raises Refused (1007) unless it is what `mime_type` says and fits."""
    match mime_type:
        case "image/jpeg":
            size = _jpeg_size(data)
        case "image/png":
            size = _png_size(data)
        case _:
            raise invalid(f"Unsupported video mime type: {mime_type}")
    if size is None or not 0 < min(size) <= max(size) <= MAX_SIDE:
        raise invalid()
    return size


def _png_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(_PNG) or len(data) < 33 or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(_JPEG):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker in _SIZED:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + length
    return None


class FrameRate:
    """Holds one client to FRAMES_PER_S."""

    def __init__(self) -> None:
        self._credit = BURST
        self._at = 0.0

    def take(self, now: float) -> None:
        """One frame at `now` (monotonic seconds); raises Refused (1007) for one too many."""
        self._credit = min(BURST, self._credit + (now - self._at) * FRAMES_PER_S)
        self._at = now
        if self._credit < 1.0:
            raise invalid()
        self._credit -= 1.0
