"""Attachments become JPEGs that the Live API takes, and what hurts is refused before it is decoded."""

from __future__ import annotations

import io
import random
import struct
import zlib
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from bot import pictures
from bot.pictures import Unshowable, frames

Pixels = NDArray[np.uint8]

RED, BLUE = (255, 0, 0), (0, 0, 255)


def plain(width: int, height: int, colour: tuple[int, ...] = RED) -> Pixels:
    return np.full((height, width, len(colour)), colour, np.uint8)


def encoded(
    picture: Pixels, codec: str, container: str, pix_fmt: str, *, seconds: float = 0.1, rate: int = 10
) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = pix_fmt
        for number in range(round(seconds * rate)):
            frame = av.VideoFrame.from_ndarray(picture, "rgba" if picture.shape[2] == 4 else "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def png(picture: Pixels) -> bytes:
    return encoded(picture, "png", "image2pipe", "rgba" if picture.shape[2] == 4 else "rgb24")


def mp4(seconds: float, picture: Pixels | None = None, rate: int = 10) -> bytes:
    picture = plain(64, 48) if picture is None else picture
    return encoded(picture, "mpeg4", "mp4", "yuv420p", seconds=seconds, rate=rate)


def seen(jpeg: bytes) -> Pixels:
    assert jpeg.startswith(b"\xff\xd8\xff")
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        decoded: Pixels = next(container.decode(video=0)).to_ndarray(format="rgb24")
    return decoded


def resembles(pixel: Pixels, colour: tuple[int, ...]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() < 16)


@pytest.mark.parametrize(
    ("width", "height", "becomes"),
    [
        (200, 100, (200, 100)),  # never enlarged
        (201, 101, (200, 100)),
        (2000, 1000, (768, 384)),
        (300, 900, (256, 768)),
        (3, 4000, (2, 768)),
        (1, 1, (2, 2)),
    ],
)
def test_a_picture_fits_and_keeps_its_aspect(width: int, height: int, becomes: tuple[int, int]) -> None:
    [jpeg] = frames(png(plain(width, height)))
    picture = seen(jpeg)
    assert (picture.shape[1], picture.shape[0]) == becomes
    assert resembles(picture[0, 0], RED)


@pytest.mark.parametrize(
    ("codec", "container", "pix_fmt"),
    [
        ("mjpeg", "image2pipe", "yuvj444p"),
        ("libwebp", "webp", "yuv420p"),
        ("gif", "gif", "rgb8"),
        ("mpeg4", "mov", "yuv420p"),
        ("libvpx", "webm", "yuv420p"),
    ],
)
def test_whatever_the_phone_made_of_it(codec: str, container: str, pix_fmt: str) -> None:
    [jpeg] = frames(encoded(plain(64, 48), codec, container, pix_fmt))
    assert resembles(seen(jpeg)[20, 20], RED)


def test_what_is_transparent_is_shown_on_white() -> None:
    """Dark text on nothing would be black on black."""
    picture = plain(40, 20, (0, 0, 0, 0))
    picture[:, 20:] = (*RED, 255)
    shown = seen(frames(png(picture))[0])
    assert resembles(shown[10, 4], (255, 255, 255))
    assert resembles(shown[10, 36], RED)


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


@pytest.mark.parametrize(
    ("orientation", "portrait", "first"), [(1, False, RED), (3, False, BLUE), (6, True, RED), (8, True, BLUE)]
)
def test_a_photo_is_shown_upright_and_without_its_metadata(
    orientation: int, portrait: bool, first: tuple[int, ...]
) -> None:
    halves = np.concatenate([plain(40, 40, RED), plain(80, 40, BLUE)], axis=1)
    photo = with_exif(encoded(halves, "mjpeg", "image2pipe", "yuvj444p"), orientation)
    [jpeg] = frames(photo)
    assert b"Exif" in photo
    assert b"Exif" not in jpeg
    picture = seen(jpeg)
    assert picture.shape[:2] == ((120, 40) if portrait else (40, 120))
    assert resembles(picture[3, 3], first)


@pytest.mark.parametrize(("seconds", "shown"), [(0.5, 1), (4.5, 5), (30.0, 10)])
def test_a_video_is_a_frame_for_each_second(seconds: float, shown: int) -> None:
    assert len(frames(mp4(seconds))) == shown


def test_a_video_of_a_thousand_frames_a_second_is_not_decoded_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "_MAX_DECODED", 120)
    assert len(frames(mp4(3.0, rate=100))) == 2


def test_a_noisy_picture_stays_small() -> None:
    """Noise is the worst that can come: everything else compresses better."""
    noise = np.random.default_rng(1).integers(0, 255, (768, 768, 3), np.uint8)
    assert len(frames(png(noise))[0]) < 512 << 10


def bomb(side: int) -> bytes:
    """A PNG of `side` × `side` black pixels, three thousand times smaller than what it unpacks to."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((1 + side // 8) * side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_too_many_pixels_are_refused_undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = bomb(1600), bomb(6400)
    assert len(frames(small)) == 1
    monkeypatch.setattr(pictures, "_flat", lambda frame: pytest.fail("decoded"))
    with pytest.raises(Unshowable) as refused:
        frames(large)
    assert "smaller copy" in refused.value.sentence


def test_a_video_larger_than_4k_is_refused() -> None:
    with pytest.raises(Unshowable):
        frames(mp4(0.1, plain(4800, 2400)))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "only"),
        (b"#EXTM3U\nhttp://127.0.0.1:1/inside-the-network", "only"),  # FFmpeg would go there
        (b"%PDF-1.7", "only"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff" + bytes(100), "damaged"),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(100), "damaged"),
        (bytes((25 << 20) + 1), "25 MB"),
    ],
    ids=["nothing", "playlist", "pdf", "png", "jpeg", "mp4", "too large"],
)
def test_what_cannot_be_shown_is_said(data: bytes, words: str) -> None:
    with pytest.raises(Unshowable) as refused:
        frames(data)
    assert words in refused.value.sentence


@pytest.mark.parametrize("sound", [png(plain(64, 48)), mp4(1.2), bomb(64)], ids=["png", "mp4", "bomb"])
def test_damaged_files_are_refused_or_shown_and_nothing_else(sound: bytes) -> None:
    chance = random.Random(7)
    for _ in range(60):
        damaged = bytearray(sound)
        for _ in range(8):
            damaged[chance.randrange(12, len(damaged))] = chance.randrange(256)
        try:
            assert frames(bytes(damaged))
        except Unshowable as refused:
            assert refused.sentence
