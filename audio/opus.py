"""libopus through ctypes: mono 48 kHz decoding with concealment and in-band FEC, mono encoding.

Mono on purpose: a mono decoder folds stereo packets itself, and both directions cost half (35 µs to decode a
frame of speech). The states live in memory that Python owns (``opus_decoder_init`` instead of ``…_create``),
so nothing has to be freed by hand.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import numpy as np

from audio.formats import DISCORD_FRAME, DISCORD_HZ, Samples

MAX_PACKET_SAMPLES = DISCORD_HZ * 120 // 1000
"""120 ms, the longest packet there is (RFC 6716 §3.2)."""

ENCODER_COMPLEXITY = 1
"""A frame of speech at 64 kbit/s costs 100 µs and keeps a STOI of 0.990; 5 costs 200 µs for 0.996, 10 costs
390 µs for 0.998, and fifty rooms share one core (tests/benchmarks/encoder_complexity.py)."""

ENCODER_BITRATE = 64_000
"""Bits per second; Discord's default for a voice channel."""

EXPECTED_LOSS_PERCENT = 10
"""What the encoder spends in-band FEC for; at 0 libopus sends none even when FEC is on."""

_CHANNELS = 1
_MAX_PACKET_BYTES = 1275 * 3 + 7  # opus_encode(3), rounded up by its own examples to 4000
_APPLICATION_VOIP = 2048
_RESET_STATE = 4028
_SET_BITRATE, _SET_COMPLEXITY, _SET_INBAND_FEC, _SET_PACKET_LOSS_PERC = 4002, 4010, 4012, 4014


class OpusUnavailable(Exception):
    """There is no libopus on this machine, and none inside the `av` package."""


class OpusError(Exception):
    """libopus refused a packet or an argument. Local to the stream it happened in."""


_library: ctypes.CDLL | None = None


def load() -> None:
    """Find libopus: the system's, else the one in the `av` wheel. Once. Raises OpusUnavailable."""
    _opus()


def has_fec(packet: bytes) -> bool:
    """Whether `packet` holds a copy of the frame before it (LBRR). False for packets of several frames.

    Bits of the first SILK byte, per channel: one voice-activity flag per 20 ms, then the LBRR flag
    (RFC 6716 §4.2.3).
    """
    if len(packet) < 2 or packet[0] & 0x83:  # CELT only, or not exactly one frame
        return False
    config = packet[0] >> 3
    flags = (1, 1, 2, 3)[config & 3] if config < 12 else 1
    mid = packet[1] >> (7 - flags) & 1
    side = packet[1] >> (6 - 2 * flags) & 1 if packet[0] & 0x04 else 0
    return bool(mid | side)


class Decoder:
    """The decoder of one SSRC. Stateful: sharing one between speakers garbles both."""

    def __init__(self) -> None:
        opus = _opus()
        self._decode = opus.opus_decode_float
        self._state = ctypes.create_string_buffer(opus.opus_decoder_get_size(_CHANNELS))
        _check(opus.opus_decoder_init(self._state, DISCORD_HZ, _CHANNELS))
        self._pcm = np.empty(MAX_PACKET_SAMPLES, np.float32)
        # Both addresses are fixed for this object's life; asking ctypes for them costs 1 µs a frame.
        self._pcm_address = self._pcm.ctypes.data
        self._state_address = ctypes.addressof(self._state)

    def decode(self, packet: bytes) -> Samples:
        """All samples of `packet`: 120 (2.5 ms) to 5760 (120 ms), 960 as a rule. Raises OpusError."""
        return self._run(packet, MAX_PACKET_SAMPLES, 0)

    def conceal(self, samples: int = DISCORD_FRAME) -> Samples:
        """What may have been in a lost packet of `samples`, guessed from what came before."""
        return self._run(None, samples, 0)

    def recover(self, next_packet: bytes, samples: int = DISCORD_FRAME) -> Samples:
        """The lost packet before `next_packet`, from the copy in the latter; guessed if it has none."""
        return self._run(next_packet, samples, 1)

    def _run(self, packet: bytes | None, capacity: int, fec: int) -> Samples:
        size = 0 if packet is None else len(packet)
        count = self._decode(self._state_address, packet, size, self._pcm_address, capacity, fec)
        if count < 0:
            raise OpusError(_reason(count))
        return self._pcm[:count].copy()


class Encoder:
    """A mono voice encoder with in-band FEC, one per stream."""

    def __init__(self, bitrate: int = ENCODER_BITRATE, complexity: int = ENCODER_COMPLEXITY) -> None:
        opus = _opus()
        self._encode = opus.opus_encode_float
        self._ctl = opus.opus_encoder_ctl
        self._state = ctypes.create_string_buffer(opus.opus_encoder_get_size(_CHANNELS))
        _check(opus.opus_encoder_init(self._state, DISCORD_HZ, _CHANNELS, _APPLICATION_VOIP))
        for request, value in (
            (_SET_BITRATE, bitrate),
            (_SET_COMPLEXITY, complexity),
            (_SET_INBAND_FEC, 1),
            (_SET_PACKET_LOSS_PERC, EXPECTED_LOSS_PERCENT),
        ):
            _check(opus.opus_encoder_ctl(self._state, request, ctypes.c_int32(value)))
        self._pcm = np.empty(MAX_PACKET_SAMPLES, np.float32)
        self._packet = ctypes.create_string_buffer(_MAX_PACKET_BYTES)
        self._pcm_address = self._pcm.ctypes.data
        self._state_address = ctypes.addressof(self._state)
        self._packet_address = ctypes.addressof(self._packet)

    def reset(self) -> None:
        """Forget the sound so far. The encoder holds back the last 6.5 ms of what it is given, and would
        begin the next utterance with them."""
        _check(self._ctl(self._state, _RESET_STATE))

    def encode(self, frame: Samples) -> bytes:
        """One Opus packet of `frame`, mono 48 kHz, 960 samples (any length that Opus knows up to 2880).
        Raises OpusError."""
        count = len(frame)
        if count > MAX_PACKET_SAMPLES:
            raise OpusError(f"{count} samples are more than a packet holds")
        self._pcm[:count] = frame
        size = self._encode(
            self._state_address, self._pcm_address, count, self._packet_address, _MAX_PACKET_BYTES
        )
        if size < 0:
            raise OpusError(_reason(size))
        return ctypes.string_at(self._packet_address, size)


def _opus() -> ctypes.CDLL:
    global _library
    if _library is None:
        _library = _declare(_find())
    return _library


def _find() -> ctypes.CDLL:
    for candidate in _candidates():
        try:
            return ctypes.CDLL(candidate)
        except OSError:
            continue
    raise OpusUnavailable(
        "libopus was not found, neither on this system nor inside the Python package `av`. "
        "Install it (Debian: libopus0, Fedora and Homebrew: opus) or reinstall `av` from its wheel."
    )


def _candidates() -> list[str]:
    # By soname first: ctypes.util.find_library runs ldconfig and gcc, and machines without a compiler may
    # lack both.
    system = {"darwin": ["libopus.0.dylib"], "win32": ["opus.dll", "libopus-0.dll"]}.get(
        sys.platform, ["libopus.so.0"]
    )
    wheel: list[str] = []
    av = PathFinder.find_spec("av")  # its place on disk, without loading FFmpeg
    if av is not None and av.origin is not None:
        package = Path(av.origin).parent
        for folder in (package.with_name("av.libs"), package / ".dylibs"):
            wheel += sorted(str(path) for path in folder.glob("*opus*") if "opusfile" not in path.name)
    found = ctypes.util.find_library("opus") if not wheel else None
    return [*system, *wheel, *([found] if found else [])]


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, int32, c_int = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int
    signatures: dict[str, tuple[list[Any], Any]] = {
        "opus_strerror": ([c_int], ctypes.c_char_p),
        "opus_get_version_string": ([], ctypes.c_char_p),
        "opus_decoder_get_size": ([c_int], c_int),
        "opus_decoder_init": ([pointer, int32, c_int], c_int),
        "opus_decode_float": ([pointer, ctypes.c_char_p, int32, pointer, c_int, c_int], c_int),
        "opus_encoder_get_size": ([c_int], c_int),
        "opus_encoder_init": ([pointer, int32, c_int, c_int], c_int),
        # Variadic: only the fixed arguments are declared, or Apple's ARM64 calling convention breaks (ctypes
        # docs).
        "opus_encoder_ctl": ([pointer, c_int], c_int),
        "opus_encode_float": ([pointer, pointer, c_int, pointer, int32], int32),
    }
    for name, (arguments, result) in signatures.items():
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = result
    return library


def _check(result: int) -> None:
    if result < 0:
        raise OpusError(_reason(result))


def _reason(code: int) -> str:
    text: bytes = _opus().opus_strerror(code)
    return text.decode("ascii", "replace")
