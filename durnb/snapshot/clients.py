"""Clients of HTTP services and of language models: rebuilt from their settings. A secret is never stored.

An API key that is in the environment is taken from there again. A client that holds another secret is lost, and the reason says where it is.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping
from typing import Any

from durnb.records import dataclass
from durnb.snapshot.process_state import SECRET

OF_A_SESSION = ("authorization", "cookie")
KEYS = {"openai": ("api_key", "OPENAI_API_KEY"), "anthropic": ("api_key", "ANTHROPIC_API_KEY")}


class HoldsSecret(Exception):
    """A client that can't be stored, because it holds something secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """How a client is made again: a class by its name in its module, and the arguments, with environment variables for the secret ones."""

    module: str
    name: str
    arguments: Mapping[str, Any]
    from_environment: Mapping[str, str]


def variable_of(secret: str | bytes) -> str | None:
    """The environment variable that has this value."""
    text = secret.decode(errors="surrogateescape") if isinstance(secret, bytes) else secret
    return next((name for name, value in sorted(os.environ.items()) if value == text), None) if text else None


def check_headers(where: str, headers: Mapping[Any, Any]) -> None:
    """Raises HoldsSecret for a header that looks like one."""
    for name in headers:
        text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
        if SECRET.search(text) or text.lower().endswith(OF_A_SESSION):
            raise HoldsSecret(f"{where}[{text!r}]")


def check_session(session: Any) -> None:
    """Of a session of requests or httpx. Raises HoldsSecret."""
    check_headers("headers", dict(getattr(session.headers, "raw", None) or session.headers))  # httpx: to ask for more would set an encoding
    if session.auth is not None:
        raise HoldsSecret("auth")
    if len(list(session.cookies.jar if hasattr(session.cookies, "jar") else session.cookies)):
        raise HoldsSecret("cookies")
    check_headers("params", dict(session.params or {}))
    proxies = getattr(session, "proxies", None) or {}
    if getattr(session, "cert", None) or any("@" in str(address) for address in proxies.values()):
        raise HoldsSecret("cert or proxies")


def describe_httpx(client: Any) -> Client | None:
    """How to make a client of httpx again; None where its transports are not those that httpx makes by itself. Raises HoldsSecret."""
    httpx: Any = sys.modules["httpx"]
    check_session(client)
    transport = client._transport
    given: dict[str, Any] = {}
    if type(transport) in (httpx.HTTPTransport, httpx.AsyncHTTPTransport):
        pool = transport._pool
        if type(pool).__name__ not in ("ConnectionPool", "AsyncConnectionPool") or _is_mounted(client, httpx):
            return None
        limits = httpx.Limits(
            max_connections=_finite(pool._max_connections),
            max_keepalive_connections=_finite(pool._max_keepalive_connections),
            keepalive_expiry=pool._keepalive_expiry,
        )
        given = {"verify": _verifies(pool._ssl_context), "http1": pool._http1, "http2": pool._http2, "limits": limits}
    else:
        given = {"transport": transport}
    return Client(
        module="httpx",
        name=type(client).__name__,
        arguments={
            **given,
            "headers": list(client.headers.raw),
            "params": list(client.params.multi_items()),
            "base_url": str(client.base_url),
            "timeout": client.timeout,
            "follow_redirects": client.follow_redirects,
            "max_redirects": client.max_redirects,
            "event_hooks": client.event_hooks,
            "trust_env": client.trust_env,
        },
        from_environment={},
    )


def _finite(number: int) -> int | None:
    return None if number == sys.maxsize else number


def _is_mounted(client: Any, httpx: Any) -> bool:
    """Whether people gave it transports of their own beside those that follow from the environment."""
    mounted = [each for each in client._mounts.values() if each is not None]
    return bool(mounted) and not client.trust_env


def _verifies(context: Any) -> bool:
    return context is None or getattr(context.verify_mode, "name", "") == "CERT_REQUIRED"


def describe_model_client(client: Any) -> Client:
    """How to make a client of openai or anthropic again. Raises HoldsSecret for a key that is not that of the environment."""
    package = type(client).__module__.partition(".")[0]
    attribute, variable = KEYS[package]
    key = getattr(client, attribute)
    if key and key != os.environ.get(variable):
        raise HoldsSecret(f"{attribute}, which is not the one in {variable}")
    if getattr(client, "auth_token", None):
        raise HoldsSecret("auth_token")
    check_headers("default_headers", client._custom_headers)
    check_headers("default_query", client._custom_query)
    known = inspect.signature(type(client)).parameters
    organization = {name: getattr(client, name) for name in ("organization", "project") if name in known}
    return Client(
        module=package,
        name=type(client).__name__,
        arguments={
            **organization,
            "base_url": str(client.base_url),
            "timeout": client.timeout,
            "max_retries": client.max_retries,
            "default_headers": dict(client._custom_headers),
            "default_query": dict(client._custom_query),
        },
        from_environment={attribute: variable} if key else {},
    )


def make(told: Client, module: Any) -> Any:
    """The client. Raises KeyError that names an environment variable which is not set here."""
    keys = {argument: os.environ[variable] for argument, variable in told.from_environment.items()}
    return getattr(module, told.name)(**told.arguments, **keys)
