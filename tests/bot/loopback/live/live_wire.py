"""A raw client of the Live wire: it says exactly what it is told to."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from websockets.asyncio.client import ClientConnection

from audio.formats import LIVE_IN_HZ, to_pcm16
from bot.loopback import speech
from bot.loopback.live.record import Kind, LiveSessionRecord

TIMEOUT_S = 5.0
PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
LEAVE = [{"functionDeclarations": [{"name": "leave_channel", "description": "Leaves."}]}]


class Raw:
    """One connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def audio(self, pcm16: bytes, mime: str = "audio/pcm;rate=16000") -> None:
        for start in range(0, len(pcm16), 3200):
            data = base64.urlsafe_b64encode(pcm16[start : start + 3200]).decode()
            await self.send({"realtime_input": {"audio": {"data": data, "mime_type": mime}}})

    async def say(self, name: str) -> None:
        """A whole utterance between marks, as fast as the socket takes it."""
        await self.send({"realtimeInput": {"activityStart": {}}})
        await self.audio(to_pcm16(speech.load(name, LIVE_IN_HZ)))
        await self.send({"realtimeInput": {"activityEnd": {}}})

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(TIMEOUT_S):
            message: dict[str, Any] = json.loads(await self.socket.recv())
            return message

    async def until(self, *path: str) -> list[dict[str, Any]]:
        """Messages up to the first that has a value at `path`, that one included."""
        messages = []
        while True:
            messages.append(await self.next())
            if find(messages[-1], *path) is not None:
                return messages

    async def closed(self) -> tuple[int | None, str | None]:
        async with asyncio.timeout(TIMEOUT_S):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason


def find(message: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(message, dict) or key not in message:
            return None
        message = message[key]
    return message


def setup(**fields: Any) -> dict[str, Any]:
    """A setup in manual mode with everything the tests like to see; `fields` replace."""
    return {
        "setup": {
            "model": "models/gemini-3.8-live",
            "generationConfig": {"responseModalities": ["AUDIO"]},
            "inputAudioTranscription": {},
            "outputAudioTranscription": {},
            "realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}},
            **fields,
        }
    }


async def settled(record: LiveSessionRecord, kind: Kind, count: int = 1) -> None:
    """Wait until `record` has `count` events of `kind`."""
    async with asyncio.timeout(TIMEOUT_S):
        while len(record.of(kind)) < count:  # noqa: ASYNC110  a record is not a signal
            await asyncio.sleep(0.001)


Dial = Callable[..., AbstractAsyncContextManager[Raw]]
