"""Frames are measured by their headers, and held to one a second."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.loopback.live.image import MAX_SIDE, FrameRate, measure
from bot.loopback.live.refusal import Refused


def picture(width: int, height: int, codec: str = "mjpeg") -> bytes:
    """A grey one, by PyAV."""
    out = io.BytesIO()
    with av.open(out, "w", format="image2pipe") as container:
        stream = container.add_stream(codec, rate=1)
        stream.width, stream.height = width, height  # type: ignore[attr-defined]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "rgb24"  # type: ignore[attr-defined]
        grey = np.full((height, width, 3), 128, np.uint8)
        for packet in (*stream.encode(av.VideoFrame.from_ndarray(grey)), *stream.encode(None)):  # type: ignore[attr-defined]
            container.mux(packet)
    return out.getvalue()


@pytest.mark.parametrize(("codec", "mime"), [("mjpeg", "image/jpeg"), ("png", "image/png")])
@pytest.mark.parametrize("size", [(2, 2), (640, 480), (MAX_SIDE, MAX_SIDE)])
def test_what_fits_is_measured(codec: str, mime: str, size: tuple[int, int]) -> None:
    assert measure(picture(*size, codec), mime) == size


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (picture(MAX_SIDE + 2, 16), "image/jpeg"),
        (picture(16, MAX_SIDE + 2, "png"), "image/png"),
        (picture(16, 16), "image/png"),
        (picture(16, 16, "png"), "image/jpeg"),
        (picture(16, 16), "image/webp"),
        (picture(16, 16)[:20], "image/jpeg"),
        (b"", "image/jpeg"),
        (b"GIF89a", "image/png"),
    ],
)
def test_the_rest_is_refused(data: bytes, mime: str) -> None:
    with pytest.raises(Refused, match="1007"):
        measure(data, mime)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"]))
def test_no_bytes_break_it(data: bytes, start: bytes) -> None:
    for mime in ("image/jpeg", "image/png"):
        try:
            width, height = measure(start + data, mime)
        except Refused:
            continue
        assert 0 < width <= MAX_SIDE
        assert 0 < height <= MAX_SIDE


def test_one_a_second_for_ever_and_two_at_once() -> None:
    rate = FrameRate()
    for second in range(100):
        rate.take(1000.0 + second + 0.3 * (second % 2))
    rate = FrameRate()
    rate.take(50.0)
    rate.take(50.0)
    with pytest.raises(Refused, match="1007"):
        rate.take(50.5)
