"""The names of the messages by which other processes reach a kernel on its control channel."""

from __future__ import annotations

from typing import Final

REQUEST: Final = "durnb_request"
REPLY: Final = "durnb_reply"
LOOK: Final = "look"  # a request in an inbox that asks for nothing but a look at what is new
