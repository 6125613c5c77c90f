"""What somebody attached to a message, as JPEGs for the Live API: one of a picture, one a second of a video.

Everything is decoded, scaled and encoded anew, also what would fit as it is: a photo's metadata says where it
was taken, and that is nobody's business. Decoding takes up to seconds: call it in a thread.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from bot.errors import ParleyError

MAX_BYTES = 25 << 20
MAX_SIDE = 768
"""The Live API scales video frames to 768 × 768: anything larger is bandwidth for nothing."""

MAX_FRAMES = 10
"""Of a video: they leave at one a second, and somebody waits for the answer."""

_MAX_DECODED = 1_200
"""Ten seconds at 120 frames a second. A video that claims a thousand a second is not decoded to its tenth."""

_QUALITY = 4
"""FFmpeg's quantiser scale from 2 to 31; 4 is about what others call 85 %. Noise, the worst, is 380 KB."""


class Unshowable(ParleyError):
    """The attachment cannot be shown to the model; `sentence` says why."""

    sentence = "I cannot look at this: it is damaged, or its picture has too many pixels. Try a smaller copy."


@dataclass(frozen=True, slots=True)
class _Kind:
    """`demuxer` is FFmpeg's name. It is told, never guessed: some of what FFmpeg recognises (playlists) makes
    it open addresses that the file names."""

    demuxer: str
    max_pixels: int
    moving: bool = False


_STILL_PIXELS, _MOVING_PIXELS = 40_000_000, 4096 * 2304  # a video decoder keeps up to 16 pictures in memory

_PNG, _JPEG, _GIF, _WEBP = (
    _Kind(name, _STILL_PIXELS) for name in ("png_pipe", "jpeg_pipe", "gif", "webp_pipe")
)
_MP4, _MATROSKA = (_Kind(name, _MOVING_PIXELS, moving=True) for name in ("mov", "matroska"))

_MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", _PNG),
    (0, b"\xff\xd8\xff", _JPEG),
    (0, b"GIF8", _GIF),
    (8, b"WEBP", _WEBP),
    (4, b"ftyp", _MP4),
    (4, b"moov", _MP4),  # QuickTime before MP4 existed, and still some cameras
    (4, b"mdat", _MP4),
    (4, b"wide", _MP4),
    (0, b"\x1a\x45\xdf\xa3", _MATROSKA),
)


def frames(data: bytes) -> list[bytes]:
    """JPEGs of at most 768 × 768, upright, even sizes, the aspect kept: at least one, at most ten.

    What it is, the first bytes say: names and content types come from whoever uploaded it, and are often
    wrong. Raises Unshowable."""
    if len(data) > MAX_BYTES:
        raise Unshowable(
            sentence=f"That is too large: I take at most {MAX_BYTES >> 20} MB. Try a smaller copy."
        )
    kind = _kind_of(data)
    try:
        with av.open(
            io.BytesIO(data), "r", format=kind.demuxer, options={"max_pixels": str(kind.max_pixels)}
        ) as container:
            found = [_jpeg(_flat(frame)) for frame in _chosen(container, kind)]
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise Unshowable(f"{kind.demuxer}: {error}") from error
    if not found:
        raise Unshowable(f"{kind.demuxer}: no picture in it")
    return found


def _kind_of(data: bytes) -> _Kind:
    for offset, magic, kind in _MAGIC:
        if data.startswith(magic, offset):
            return kind
    raise Unshowable(
        sentence="I can look at pictures (JPEG, PNG, WebP, GIF) and videos (MP4, MOV, WebM) only. "
        "Convert it to one of these and try again."
    )


def _chosen(container: InputContainer, kind: _Kind) -> Iterator[VideoFrame]:
    """The first frame of each second; of a picture the only one."""
    decoder = container.streams.video[0].codec_context if container.streams.video else None
    if decoder is None:
        return
    if not 0 < decoder.width * decoder.height <= kind.max_pixels:
        raise Unshowable(f"{decoder.width} × {decoder.height}")
    decoder.options = {"max_pixels": str(kind.max_pixels)}  # it may grow on the way
    due_s, chosen = -math.inf, 0
    for number, frame in enumerate(container.decode(video=0)):
        at_s = float(frame.time or 0.0)
        if at_s >= due_s:
            yield frame
            due_s, chosen = at_s + 1.0, chosen + 1
        if not kind.moving or chosen == MAX_FRAMES or number == _MAX_DECODED:
            return


def _flat(frame: VideoFrame) -> VideoFrame:
    """Scaled to fit, transparency on white (dark text on nothing would be black on black), and upright."""
    scale = min(1.0, MAX_SIDE / max(frame.width, frame.height))
    width, height = (max(2, int(side * scale) & ~1) for side in (frame.width, frame.height))
    rgba = frame.reformat(width, height, "rgba", interpolation="AREA").to_ndarray()
    alpha = rgba[:, :, 3:].astype(np.uint16)
    rgb = ((rgba[:, :, :3] * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)
    upright = np.rot90(rgb, frame.rotation // 90)
    return VideoFrame.from_ndarray(np.ascontiguousarray(upright), format="rgb24")


def _jpeg(picture: VideoFrame) -> bytes:
    encoder = VideoCodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuvj420p"
    encoder.qmin = encoder.qmax = _QUALITY
    encoder.options = {"threads": "1"}
    encoder.framerate = Fraction(1)
    return b"".join(
        bytes(packet)
        for packet in (*encoder.encode(picture.reformat(format="yuvj420p")), *encoder.encode(None))
    )
