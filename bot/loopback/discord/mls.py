"""The few MLS 1.0 messages (RFC 9420) a DAVE voice gateway reads and writes; pure.

The gateway is no group member: it holds no group secrets. It signs Add and Remove as the group's external
sender, and reads key packages, commits and welcomes as far as a delivery service must: who, which epoch,
which proposals, where one message ends and the next begins. Ciphersuite 2 (P-256, AES-128-GCM, SHA-256) only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VERSION_MLS10 = 1
CIPHERSUITE = 2
WIRE_PUBLIC_MESSAGE = 1
SENDER_MEMBER, SENDER_EXTERNAL = 1, 2
CONTENT_PROPOSAL, CONTENT_COMMIT = 2, 3
PROPOSAL_ADD, PROPOSAL_REMOVE = 1, 3
CREDENTIAL_BASIC = 1
LEAF_KEY_PACKAGE, LEAF_COMMIT = 1, 3
WHOLE_LIFETIME = (0, 2**64 - 1)
"""DAVE whitepaper, "Key Packages": lifetimes must span everything, so that nobody depends on a clock."""


class MlsError(ValueError):
    """A message is not what RFC 9420 or DAVE says it must be."""


def vector(data: bytes) -> bytes:
    """`data` behind its length in bytes as a variable-size integer (RFC 9420 §2.1.2)."""
    size = len(data)
    if size < 1 << 6:
        return bytes([size]) + data
    if size < 1 << 14:
        return (size | 0x4000).to_bytes(2, "big") + data
    if size < 1 << 30:
        return (size | 0x8000_0000).to_bytes(4, "big") + data
    raise MlsError(f"a vector of {size} bytes is longer than MLS can say")


def ref_hash(label: str, value: bytes) -> bytes:
    """RefHash of RFC 9420 §5.2."""
    return hashlib.sha256(vector(label.encode()) + vector(value)).digest()


def sign_content(label: str, content: bytes) -> bytes:
    """What SignWithLabel really signs (RFC 9420 §5.1.2)."""
    return vector(b"MLS 1.0 " + label.encode()) + vector(content)


class Reader:
    """Reads fields off the front of a message; `MlsError` when it ends too early."""

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0

    def take(self, size: int) -> bytes:
        end = self.pos + size
        if end > len(self.data):
            raise MlsError(f"{size} bytes wanted at {self.pos}, {len(self.data) - self.pos} left")
        taken = self.data[self.pos : end]
        self.pos = end
        return taken

    def uint(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def expect(self, size: int, value: int, what: str) -> None:
        if (found := self.uint(size)) != value:
            raise MlsError(f"{what} is {found}, not {value}")

    def vector(self) -> bytes:
        first = self.uint(1)
        width = 1 << (first >> 6)
        if width == 8:
            raise MlsError("invalid length prefix 0b11")
        size = (first & 0x3F) << 8 * (width - 1) | self.uint(width - 1)
        if width > 1 and size < 1 << (6 if width == 2 else 14):
            raise MlsError(f"length {size} is not in its shortest form")
        return self.take(size)

    @property
    def at_end(self) -> bool:
        return self.pos == len(self.data)

    def finish(self, what: str) -> None:
        if not self.at_end:
            raise MlsError(f"{len(self.data) - self.pos} bytes after the end of the {what}")


@dataclass(frozen=True, slots=True)
class LeafNode:
    """One member's place in the tree: whose it is, and the key its messages are signed with."""

    user_id: int
    signature_key: bytes
    source: int
    lifetime: tuple[int, int] | None
    content: bytes
    signature: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        start = reader.pos
        reader.vector()  # encryption key
        signature_key = reader.vector()
        reader.expect(2, CREDENTIAL_BASIC, "credential type")
        identity = reader.vector()
        if len(identity) != 8:
            raise MlsError(f"identity of {len(identity)} bytes is no user id")
        for _ in range(5):  # capabilities: versions, suites, extensions, proposals, credentials
            reader.vector()
        source = reader.uint(1)
        lifetime = None
        if source == LEAF_KEY_PACKAGE:
            lifetime = (reader.uint(8), reader.uint(8))
        elif source == LEAF_COMMIT:
            reader.vector()  # parent hash
        if reader.vector():
            raise MlsError("DAVE allows no leaf node extensions")
        content = reader.data[start : reader.pos]
        user_id = int.from_bytes(identity, "big")
        return cls(user_id, signature_key, source, lifetime, content, reader.vector())


@dataclass(frozen=True, slots=True)
class KeyPackage:
    """Payload of op 26: what a member can be added with, once."""

    raw: bytes
    leaf: LeafNode

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """The package in `raw`, signatures and lifetime verified as the whitepaper asks; else `MlsError`."""
        reader = Reader(raw)
        reader.expect(2, VERSION_MLS10, "MLS version")
        reader.expect(2, CIPHERSUITE, "ciphersuite")
        reader.vector()  # init key
        leaf = LeafNode.read(reader)
        reader.vector()  # extensions
        content = raw[: reader.pos]
        signature = reader.vector()
        reader.finish("key package")
        if leaf.lifetime != WHOLE_LIFETIME:
            raise MlsError(f"key package lifetime {leaf.lifetime}")
        _verify(leaf.signature_key, leaf.signature, "LeafNodeTBS", leaf.content)
        _verify(leaf.signature_key, signature, "KeyPackageTBS", content)
        return cls(raw, leaf)

    @property
    def user_id(self) -> int:
        return self.leaf.user_id

    @property
    def ref(self) -> bytes:
        return ref_hash("MLS 1.0 KeyPackage Reference", self.raw)


def _verify(key: bytes, signature: bytes, label: str, content: bytes) -> None:
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        public.verify(signature, sign_content(label, content), ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise MlsError(f"bad signature over {label}") from error


@dataclass(frozen=True, slots=True)
class Proposal:
    """A signed external proposal. ECDSA is randomised: signing again gives another `ref`, and members
    would miss the one a commit names (davey: ``MissingProposal``). So sign once, send these bytes to all."""

    message: bytes
    ref: bytes


class ExternalSender:
    """The voice gateway as MLS knows it: one P-256 key in the group's ``external_senders`` extension."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        # Real Discord's identity is the single byte 0x00, as captured in davey's tests.
        self.package = vector(public) + CREDENTIAL_BASIC.to_bytes(2, "big") + vector(b"\x00")

    def add(self, group_id: int, epoch: int, key_package: KeyPackage) -> Proposal:
        return self._propose(group_id, epoch, PROPOSAL_ADD.to_bytes(2, "big") + key_package.raw)

    def remove(self, group_id: int, epoch: int, leaf_index: int) -> Proposal:
        return self._propose(
            group_id, epoch, PROPOSAL_REMOVE.to_bytes(2, "big") + leaf_index.to_bytes(4, "big")
        )

    def _propose(self, group_id: int, epoch: int, proposal: bytes) -> Proposal:
        content = (
            WIRE_PUBLIC_MESSAGE.to_bytes(2, "big")
            + vector(group_id.to_bytes(8, "big"))
            + epoch.to_bytes(8, "big")
            + bytes([SENDER_EXTERNAL])
            + (0).to_bytes(4, "big")  # index in external_senders
            + vector(b"")  # authenticated data
            + bytes([CONTENT_PROPOSAL])
            + proposal
        )
        # FramedContentTBS of an external sender ends here: no GroupContext (RFC 9420 §6.1).
        signed = VERSION_MLS10.to_bytes(2, "big") + content
        signature = self._key.sign(sign_content("FramedContentTBS", signed), ec.ECDSA(SHA256()))
        authenticated = content + vector(signature)
        ref = ref_hash("MLS 1.0 Proposal Reference", authenticated)
        return Proposal(VERSION_MLS10.to_bytes(2, "big") + authenticated, ref)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as a PublicMessage: what a delivery service checks before it lets it win."""

    group_id: int
    epoch: int
    leaf_index: int
    refs: tuple[bytes, ...]
    path_leaf: LeafNode | None

    @classmethod
    def read(cls, reader: Reader) -> Self:
        reader.expect(2, VERSION_MLS10, "MLS version")
        reader.expect(2, WIRE_PUBLIC_MESSAGE, "wire format")
        group_id = int.from_bytes(reader.vector(), "big")
        epoch = reader.uint(8)
        reader.expect(1, SENDER_MEMBER, "sender type")
        leaf_index = reader.uint(4)
        reader.vector()  # authenticated data
        reader.expect(1, CONTENT_COMMIT, "content type")
        refs, proposals = [], Reader(reader.vector())
        while not proposals.at_end:
            proposals.expect(1, 2, "proposal-or-reference type")  # DAVE: references only
            refs.append(proposals.vector())
        path_leaf = None
        if reader.uint(1):
            path_leaf = LeafNode.read(reader)
            reader.vector()  # path nodes
        for _ in range(3):  # signature, confirmation tag, membership tag
            reader.vector()
        return cls(group_id, epoch, leaf_index, tuple(refs), path_leaf)


@dataclass(frozen=True, slots=True)
class Welcome:
    """A Welcome, taken apart so that every joiner is sent only its own secrets."""

    secrets: dict[bytes, bytes]
    group_info: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        reader = Reader(raw)
        reader.expect(2, CIPHERSUITE, "ciphersuite")
        entries, secrets = Reader(reader.vector()), {}
        while not entries.at_end:
            start = entries.pos
            key_package_ref = entries.vector()
            entries.vector()  # KEM output
            entries.vector()  # ciphertext
            secrets[key_package_ref] = entries.data[start : entries.pos]
        group_info = reader.vector()
        reader.finish("welcome")
        return cls(secrets, group_info)

    def subset(self, key_package_refs: Iterable[bytes]) -> bytes:
        """The Welcome for those packages only; `MlsError` when one has no secrets in it."""
        try:
            entries = b"".join(self.secrets[ref] for ref in key_package_refs)
        except KeyError:
            raise MlsError("the welcome has no secrets for an added member") from None
        return CIPHERSUITE.to_bytes(2, "big") + vector(entries) + vector(self.group_info)


def split_commit_welcome(payload: bytes) -> tuple[Commit, bytes, Welcome | None]:
    """Op 28 (commit, then perhaps a welcome, no length between) as commit, its bytes, and the welcome."""
    reader = Reader(payload)
    commit = Commit.read(reader)
    rest = payload[reader.pos :]
    return commit, payload[: reader.pos], Welcome.parse(rest) if rest else None
