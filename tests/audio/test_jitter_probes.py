"""Packets of nothing but padding: some voice servers probe the bandwidth so, within the audio's numbers."""

from audio.jitter import WAIT, JitterBuffer, Packet

FRAME_S = 0.02


def play(numbers: list[int | None], first: int = 65_530) -> tuple[list[int], JitterBuffer]:
    """Pushes one packet per frame under rising sequence numbers; None: a probe before the next packet.

    Returns what `pop` gave, as timestamps in frames; −1 for anything that is no packet."""
    buffer = JitterBuffer()
    played: list[int] = []
    sequence, now = first, 0.0
    for number in numbers:
        sequence = (sequence + 1) & 0xFFFF
        if number is None:
            buffer.skip(sequence)
            continue
        buffer.push(sequence, number * 960, b"opus", now)
        found = buffer.pop(now)
        if found is not WAIT:
            played.append(found.timestamp // 960 if isinstance(found, Packet) else -1)
        now += FRAME_S
    while (found := buffer.pop(now)) is not WAIT and len(played) < 50:
        played.append(found.timestamp // 960 if isinstance(found, Packet) else -1)
        now += FRAME_S
    return played, buffer


def test_probes_leave_no_holes() -> None:
    played, buffer = play([0, None, 1, None, None, 2, 3, None, 4, None, 5])
    assert played[:6] == [0, 1, 2, 3, 4, 5]
    assert buffer.counts.lost == 0


def test_a_probe_before_any_packet_means_nothing() -> None:
    played, buffer = play([None, None, 0, 1, 2])
    assert played[:3] == [0, 1, 2]
    assert buffer.counts.lost == 0


def test_a_late_probe_fills_its_hole() -> None:
    buffer = JitterBuffer()
    buffer.push(1, 960, b"a", 0.0)
    buffer.push(3, 1920, b"b", 0.02)
    assert buffer.counts.lost == 1
    buffer.skip(2)
    assert buffer.counts.lost == 0
    found = [buffer.pop(0.2), buffer.pop(0.22)]
    assert [packet.payload for packet in found if isinstance(packet, Packet)] == [b"a", b"b"]


def test_probes_far_off_are_forgotten() -> None:
    buffer = JitterBuffer()
    buffer.push(1, 960, b"a", 0.0)
    for number in range(2_000, 30_000):
        buffer.skip(number)
    assert len(buffer._hollow) == 0
