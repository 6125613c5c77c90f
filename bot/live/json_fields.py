"""Fields of the server's JSON, read without trust: what is missing or of another type is as good as absent.

Pure; nothing here raises.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from audio.formats import LIVE_OUT_HZ


def object_in(parent: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    value = parent.get(key)
    return value if isinstance(value, dict) else None


def list_in(parent: Mapping[str, Any], key: str) -> list[Any]:
    value = parent.get(key)
    return value if isinstance(value, list) else []


def text_in(parent: Mapping[str, Any], key: str) -> str:
    value = parent.get(key)
    return value if isinstance(value, str) else ""


def count_in(parent: Mapping[str, Any], key: str) -> int:
    value = parent.get(key)
    return value if isinstance(value, int) and value > 0 else 0


@lru_cache(maxsize=16)  # it is the same in every chunk
def rate(mime: str) -> int:
    """Sample rate of ``audio/pcm;rate=24000``; the Live API's 24 kHz where it does not say."""
    _, _, tail = mime.partition("rate=")
    digits = tail.split(";", 1)[0].strip()
    return int(digits) if re.fullmatch(r"[1-9]\d{3,4}", digits, re.ASCII) else LIVE_OUT_HZ


def seconds(duration: str) -> float | None:
    """A protobuf Duration in JSON: ``"50s"``, ``"9.5s"``."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)s", duration, re.ASCII)
    return float(found[1]) if found else None


def decoded(base64: str) -> bytes:
    """Both alphabets, padded or not, as protobuf's JSON mapping allows; empty for what is neither."""
    if "-" in base64 or "_" in base64:
        base64 = base64.replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(base64 + "=" * (-len(base64) % 4))
    except ValueError:  # binascii.Error, or characters beyond ASCII
        return b""
