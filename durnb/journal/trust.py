"""Whose a checkpoint is: HMAC-SHA256 over length-prefixed facts and a payload, with a key of the user's."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from durnb.errors import UsageError
from durnb.journal import disk
from durnb.records import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """The key that signs; it is never shown."""

    key: bytes = field(repr=False)

    def sign(self, facts: Sequence[str], payload: bytes) -> str:
        """The signature that binds `facts`, their number and order, and `payload`."""
        parts = [*(fact.encode(errors="surrogatepass") for fact in facts), payload]
        said = [len(facts).to_bytes(8, "big"), *(piece for part in parts for piece in (len(part).to_bytes(8, "big"), part))]
        return hmac.digest(self.key, b"".join(said), "sha256").hex()  # in one go: a third of the time

    def verify(self, facts: Sequence[str], payload: bytes, signature: str) -> bool:
        """Whether `signature` is what this key gives."""
        return hmac.compare_digest(self.sign(facts, payload).encode(), signature.encode(errors="surrogatepass"))


def load_secret(environ: Mapping[str, str] = os.environ) -> Secret:
    """The user's key: ``DURNB_SECRET``, else the file ``DURNB_SECRET_FILE`` or one under Jupyter's data folder, made where it is not there yet.

    Raises UsageError for a file that is empty, JournalReadOnly and DiskFull where it can't be made or read.
    """
    if text := environ.get("DURNB_SECRET"):
        return Secret(text.encode(errors="surrogateescape"))
    path = Path(file).expanduser() if (file := environ.get("DURNB_SECRET_FILE")) else _default_path()
    with disk.at(path):
        disk.make_folder(path.parent)
        if not path.exists():
            disk.create_once(path, secrets.token_hex(32).encode())
        return Secret(_filled(path, path.read_bytes()))


def _filled(path: Path, data: bytes) -> bytes:
    if not data.strip():
        raise UsageError(f"{path} is empty, and so is no key: delete it, and a new one is made")
    return data.strip()


def _default_path() -> Path:
    from jupyter_core.paths import jupyter_data_dir  # noqa: PLC0415 - 15 ms that only those pay who sign

    return Path(jupyter_data_dir()) / "durnb" / "secret"
