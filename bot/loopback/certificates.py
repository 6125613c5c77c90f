"""A certificate authority for 127.0.0.1, made anew for every run.

The voice URL of discord.py is hard-coded ``wss://`` and google-genai insists on ``https://``, so the
stand-ins speak TLS, and the clients trust :attr:`Certificates.ca_pem` instead of skipping verification.
"""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True)
class Certificates:
    """One authority and one server certificate for ``localhost`` and ``127.0.0.1``."""

    authority: trustme.CA
    server: trustme.LeafCert

    @classmethod
    def create(cls, *extra_hosts: str) -> Certificates:
        authority = trustme.CA(organization_name="Parley loopback")
        return cls(authority, authority.issue_cert("localhost", "127.0.0.1", *extra_hosts))

    @property
    def ca_pem(self) -> bytes:
        """The authority's certificate, what a client puts into its trust store."""
        return self.authority.cert_pem.bytes()

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.server.configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Trusts this authority only: a client under test cannot reach the real services by mistake."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(context)
        return context

    def write_ca(self, path: Path | None = None) -> Path:
        """Write the authority's certificate to ``path``, or to a new file in the temporary directory."""
        if path is None:
            with tempfile.NamedTemporaryFile(prefix="parley-ca-", suffix=".pem", delete=False) as file:
                file.write(self.ca_pem)
                return Path(file.name)
        path.write_bytes(self.ca_pem)
        return path
