"""One sentence in a persona's voice: from a session of its own, as something that can be heard."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from audio.formats import LIVE_OUT_HZ, to_pcm16
from bot import preview
from bot.errors import LiveRefused
from bot.live.events import Usage
from bot.live.models import DEFAULT_MODEL
from bot.live.session import LiveClient
from bot.loopback import speech
from bot.loopback.certificates import Certificates
from bot.loopback.live import LiveServer
from bot.loopback.live.answer import Pace
from bot.loopback.live.faults import TurnFault
from bot.loopback.live.recognise import Recogniser
from bot.loopback.live.script import Script
from bot.loopback.live.service import Service
from bot.preview import NoSample, Preview, Sample, ogg
from bot.store.rows import Persona

GUILD = 10
QUINN = Persona(name="Quinn", instruction="You are Quinn.", voice="Kore", temperature=0.3)
Opened = Callable[[], AbstractAsyncContextManager[tuple[LiveServer, Preview, list[Usage]]]]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    @asynccontextmanager
    async def opened() -> AsyncIterator[tuple[LiveServer, Preview, list[Usage]]]:
        certificates = Certificates.create()
        ca_file = tmp_path / "ca.pem"
        ca_file.write_bytes(certificates.ca_pem)
        script = Script(texts={r"introduce|who you are": "answer_hello"})
        server = LiveServer(
            Service(
                script=script,
                pace=Pace(delay_ms=0.0, burst_ms=60_000.0, speed=50.0),
                make_recogniser=lambda: Recogniser({}),
            )
        )
        await server.start(certificates.server_context())
        client = LiveClient("key", server.base_url, ca_file)
        used: list[Usage] = []
        try:
            yield (
                server,
                Preview(client, DEFAULT_MODEL, lambda guild_id, model, usage: used.append(usage)),
                used,
            )
        finally:
            await client.close()
            await server.close()

    return opened


async def test_the_persona_introduces_itself_in_its_voice(opened: Opened) -> None:
    async with opened() as (server, preview, used):
        sample = await preview.sample(GUILD, QUINN, "You are Quinn. Be brief.")
    [record] = server.sessions
    assert record.setup is not None
    assert (record.setup.voice, record.setup.temperature) == ("Kore", 0.3)
    assert record.setup.raw["system_instruction"]["parts"] == [{"text": "You are Quinn. Be brief."}]
    assert sample.words == speech.text("answer_hello")
    assert sample.seconds == pytest.approx(
        len(speech.load("answer_hello", LIVE_OUT_HZ)) / LIVE_OUT_HZ, abs=0.05
    )
    assert len(used) == 1, "it is billed"
    assert record.close == (1000, ""), "the session ends with the sentence"


async def test_what_nobody_could_hear_is_no_sample(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "ANSWER_S", 0.3)
    async with opened() as (server, samples, _):
        for fault in (TurnFault.EMPTY, TurnFault.ZEROS, TurnFault.SILENCE):
            server.faults.turns.append(fault)
            with pytest.raises(NoSample):
                await samples.sample(GUILD, QUINN, "")


async def test_a_model_that_does_not_stop_is_stopped(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "SAMPLE_MAX_S", 0.5)
    async with opened() as (_, samples, _):
        sample = await samples.sample(GUILD, QUINN, "")
    assert 0.5 <= sample.seconds < 0.7


async def test_what_is_refused_says_why(opened: Opened) -> None:
    async with opened() as (_, samples, _):
        with pytest.raises(LiveRefused):
            await samples.sample(GUILD, QUINN, "", "gemini-9-live")


@pytest.mark.parametrize("hz", [16_000, 24_000, 44_100])
def test_the_file_holds_what_was_said(hz: int) -> None:
    times = np.arange(2 * hz) / hz
    tone = (np.sin(2 * np.pi * 440 * times) / 2).astype(np.float32)
    file = ogg(Sample(to_pcm16(tone), hz, "Hm."))
    assert file.startswith(b"OggS")
    with av.open(io.BytesIO(file)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    samples = np.concatenate(frames, axis=1)[0]
    assert len(samples) / rate == pytest.approx(2.0, abs=0.03)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * rate / len(samples) == pytest.approx(440, abs=2)
