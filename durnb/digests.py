"""BLAKE3 digests of things said in order, as 64 hex characters."""

from __future__ import annotations

from blake3 import blake3


def digest_of(*parts: str | bytes) -> str:
    """The digest of `parts`, each with its length before it, so that no two lists of parts are one."""
    hasher = blake3()
    for part in parts:
        data = part.encode(errors="surrogatepass") if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return hasher.hexdigest()
