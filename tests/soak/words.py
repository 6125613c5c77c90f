"""Sound that says what it is: every word of a turn carries its number and its place in it, and every piece
of an answer carries the answer's. So a word that is lost, doubled or out of place can be named.

Words and pieces are longer than the chunks of a real connection: what is lost is lost by the word, and a day
of hundredths of a second would take four times as long."""

from __future__ import annotations

import struct
from collections.abc import Iterator

WORD_S = 0.25
WORD_BYTES = 8000
"""Of PCM16 at 16 kHz: the line's bounds are in bytes."""

PIECE_S = 0.5
_PIECE_BYTES = 2400  # a tenth of what half a second takes: nothing is bounded by the length of an answer

_HEAD = struct.Struct("<4sII")
_WORD, _PIECE = b"word", b"said"
_REST = bytes(WORD_BYTES - _HEAD.size)
_LOUD = struct.pack("<hh", 8000, -8000) * ((_PIECE_BYTES - _HEAD.size) // 4)
SILENCE = bytes(_PIECE_BYTES)


def word(turn: int, place: int) -> bytes:
    """250 ms of a turn."""
    return _HEAD.pack(_WORD, turn, place) + _REST


def read_words(pcm16: bytes) -> Iterator[tuple[int, int]]:
    """Turn and place of every word. ValueError if it is not made of whole words."""
    if len(pcm16) % WORD_BYTES:
        raise ValueError(f"{len(pcm16)} bytes are not whole words")
    for at in range(0, len(pcm16), WORD_BYTES):
        magic, turn, place = _HEAD.unpack_from(pcm16, at)
        if magic != _WORD:
            raise ValueError("not a word")
        yield turn, place


def piece(answer: int, place: int) -> bytes:
    """500 ms of an answer, at −12 dBFS."""
    return _HEAD.pack(_PIECE, answer, place) + _LOUD


def read_piece(pcm16: bytes) -> int | None:
    """The answer of which it is a piece; None for silence."""
    magic, answer, _ = _HEAD.unpack_from(pcm16, 0)
    return answer if magic == _PIECE else None
