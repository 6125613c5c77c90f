"""What the voice server can be told to do badly; every field may be set while it serves.

    server.faults.loss = 0.3                              towards everybody
    server.faults.for_user(bot).external_sender_first = True   towards one user only

A user's own faults start as a copy of the general ones and replace them. What is no lasting condition but an
event ("now send a stale proposal") is in :mod:`bot.loopback.discord.injection`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Self


@dataclass(slots=True)  # a misspelt fault raises
class VoiceFaults:
    """Defaults are what the real service does on a good day. Shares are probabilities in 0 … 1."""

    # UDP, on the way from the SFU to the user
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0  # share of packets held back by `REORDER_MS`, so that 1–2 others overtake them
    latency_ms: float = 0.0
    jitter_ms: float = 0.0  # added delay, uniform in 0 … jitter_ms
    padding: int = 0  # RTP padding of 1 … padding bytes (≤ 255)
    padding_share: float = 1.0
    extension_words: int = 2  # BEDE extension, 32-bit words of elements; 0 sends none
    csrc_count: int = 0  # ≤ 15
    sequence_offset: int = 0  # added to every sequence number; changing it makes a jump
    timestamp_offset: int = 0

    # the voice gateway
    heartbeat_interval_ms: float = 13_750.0
    heartbeat_acks: bool = True
    refuse_identify: list[int] = field(default_factory=list)  # close codes for the next Identifies, in turn
    description_delay_s: float = 0.0  # from Select Protocol to op 4
    resume_refused: bool = False  # op 7 is answered with close code 4006
    resume_window_s: float = 20.0  # how long a session outlives its connection
    suppress_speaking: bool = False  # the user is told nobody's SSRC (op 5, op 12)

    # DAVE
    external_sender_first: bool = False  # op 25 right after Ready, and not after op 4
    external_sender_twice: bool = False
    proposals_before_external_sender: bool = False  # op 27 to a client that cannot have a group yet
    proposal_batch_s: float = 0.0  # op 27 collects changes for so long (general faults only)
    commit_delay_s: float = 0.0  # the user's op 28 arrives late: somebody else's commit wins
    corrupt_commits: int = 0  # so many of the next op 29 are damaged
    corrupt_welcomes: int = 0  # the same for op 30
    welcome_twice: bool = False  # the next op 30 comes twice; True once only, or op 31 would have no end
    slow_execute_s: float = 0.0  # op 22 so much later than it could be (general faults only)

    per_user: dict[int, VoiceFaults] = field(default_factory=dict)

    def for_user(self, user_id: int) -> VoiceFaults:
        """The faults that `user_id` alone meets; made from the general ones at the first call."""
        if user_id not in self.per_user:
            self.per_user[user_id] = replace(self, refuse_identify=[], per_user={})
        return self.per_user[user_id]

    def of(self, user_id: int) -> VoiceFaults:
        """What applies to `user_id` now."""
        return self.per_user.get(user_id, self)

    def clear(self) -> Self:
        """Back to a good day, for everybody."""
        good = type(self)()
        for one in fields(self):
            setattr(self, one.name, getattr(good, one.name))
        return self

    @property
    def touch_media(self) -> bool:
        """Whether packets to the user take the slow path; asked per packet, hence no loop over fields."""
        return bool(
            self.loss
            or self.duplicate
            or self.reorder
            or self.latency_ms
            or self.jitter_ms
            or self.padding
            or self.csrc_count
            or self.sequence_offset
            or self.timestamp_offset
            or self.extension_words != 2
        )
