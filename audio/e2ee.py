"""DAVE, the end-to-end encryption of a call: one room's live state, read for every packet.

`bot/voice` writes it as the voice gateway tells (op 4, 21, 22, 24–30); the audio path reads it when a packet
comes and when one leaves. It is never copied: libraries that kept a snapshot of the session fell silent when
a user joined later (hermes-agent #77968: 100 % garbage after 46 s).

A frame that cannot be decrypted is counted by cause and dropped. It never goes on to Opus as it is:
ciphertext decodes to loud noise."""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Iterable

from davey import DaveSession, MediaType

from audio.formats import SILENCE_PACKET

_MARKER = b"\xfa\xfa"
_TRAILER_BYTES = range(12, 17)
"""Tag 8, nonce 1–5 (ULEB128 of 32 bit), size 1, marker 2; Opus frames have no clear ranges (DAVE whitepaper,
"Payload Format")."""


class DaveRefusal(enum.Enum):
    """Why a frame did not decrypt."""

    NO_DECRYPTOR = (
        "no decryptor"  # the sender is not in our group (yet): worth holding the frame for a moment
    )
    WRONG_KEY = "wrong key"  # other user, other epoch, or a replay
    PLAINTEXT = "plaintext"  # no DAVE trailer although the call is encrypted
    OTHER = "other"


_BY_NAME = {
    "NoDecryptorForUser": DaveRefusal.NO_DECRYPTOR,
    "NoValidCryptorFound": DaveRefusal.WRONG_KEY,
    "UnencryptedWhenPassthroughDisabled": DaveRefusal.PLAINTEXT,
}
"""davey 0.1.7 raises a plain ValueError; the name in its text is all that tells the causes apart."""


class E2ee:
    """The DAVE state of one room."""

    def __init__(self) -> None:
        self.version = 0
        """Of op 4, or of the last executed transition. 0: not encrypted end to end (stages)."""
        self.session: DaveSession | None = None
        self.plaintext_until = -math.inf
        """Until when (monotonic s) plain frames are accepted: set on an announced downgrade, else −inf."""
        self.refused: Counter[DaveRefusal] = Counter()

    def decrypt(self, user_id: int, payload: bytes, now: float) -> bytes | DaveRefusal:
        """The Opus packet in `payload`, sent by `user_id`. Once per packet: a second time is a replay."""
        # Exempt, and sometimes made by the server itself; davey would refuse it from users it does not know.
        if payload == SILENCE_PACKET:
            return payload
        if self.version == 0 and not _looks_encrypted(payload):
            return payload
        refusal = DaveRefusal.NO_DECRYPTOR
        if self.session is not None:
            try:
                return self.session.decrypt(user_id, MediaType.audio, payload)
            except ValueError as error:
                refusal = _cause(error)
        if now < self.plaintext_until and not _looks_encrypted(payload):
            return payload
        self.refused[refusal] += 1
        return refusal

    def identify(self, payload: bytes, candidates: Iterable[int]) -> tuple[int, bytes] | None:
        """Who of `candidates` sent `payload`, and its Opus packet; None if nobody.

        The key is per sender and the tag authenticates, so trying them is a proof; a wrong user costs 1 µs
        and changes no state (davey 0.1.7).
        """
        if self.session is None or not _looks_encrypted(payload):
            return None
        for user_id in candidates:
            try:
                return user_id, self.session.decrypt(user_id, MediaType.audio, payload)
            except ValueError:
                continue
        return None

    def can_decrypt(self, user_id: int) -> bool:
        """Whether a frame of `user_id` is worth a try; False while their key has not come."""
        return self.version == 0 or (self.session is not None and str(user_id) in self.session.get_user_ids())

    def members(self) -> list[int]:
        """User ids in the encryption group, ourselves included; empty without a group."""
        if self.session is None:
            return []
        return [int(user_id) for user_id in self.session.get_user_ids()]

    @property
    def ready_to_send(self) -> bool:
        return self.version == 0 or (self.session is not None and self.session.ready)

    def encrypt(self, opus: bytes) -> bytes | None:
        """`opus` as it may leave this machine; None while the call is encrypted and no group is ready."""
        if self.version == 0 or opus == SILENCE_PACKET:
            return opus
        if self.session is None or not self.session.ready:
            return None
        try:
            return self.session.encrypt_opus(opus)
        except ValueError:
            return None


def _cause(error: ValueError) -> DaveRefusal:
    text = str(error)
    return next((refusal for name, refusal in _BY_NAME.items() if name in text), DaveRefusal.OTHER)


def _looks_encrypted(payload: bytes) -> bool:
    """Whether `payload` ends like a DAVE audio frame. Around a transition frames of the other kind are still
    in flight.

    A plain Opus packet looks like it once in three million.
    """
    return payload[-2:] == _MARKER and len(payload) > _TRAILER_BYTES[0] and payload[-3] in _TRAILER_BYTES
