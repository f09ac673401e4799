"""The settings in IPython's own form: ``%config Durable.ask_over = "30m"``, ``c.Durable.ask_over`` in a config file, ``DURNB_ASK_OVER`` below both."""

from __future__ import annotations

import os
from dataclasses import Field, fields
from typing import Any

from traitlets import TraitError, TraitType
from traitlets.config import SingletonConfigurable

from durnb.config import Settings, from_environment, parse_setting
from durnb.errors import UsageError


class Setting(TraitType[Any, Any]):
    """One field of `durnb.config.Settings`; takes text such as ``"30m"`` and ``"2 GB"``."""

    def __init__(self, setting: Field[Any]) -> None:
        super().__init__(default_value=setting.default, help=setting.metadata["doc"])
        self.tag(config=True)

    def validate(self, obj: Any, value: Any) -> Any:
        try:
            return parse_setting(str(self.name), value)
        except UsageError as error:
            raise TraitError(f"Durable.{self.name}: {error}") from None

    def from_string(self, s: str) -> Any:
        """The value of a command line's text."""
        return s

    def default(self, obj: Any = None) -> Any:
        """The environment's value at the first look, else the default."""
        return getattr(from_environment(os.environ), str(self.name)) if obj is not None else self.default_value


class _Settings(SingletonConfigurable):
    def __init__(self, **configured: Any) -> None:
        super().__init__(**configured)
        self._held: Settings | None = None
        self.observe(self._changed)

    def _changed(self, _: object) -> None:
        self._held = None

    def settings(self) -> Settings:
        """The settings that hold now. Raises UsageError for an environment variable that can't be read."""
        if self._held is None:
            self._held = Settings(**{setting.name: getattr(self, setting.name) for setting in fields(Settings)})
        return self._held


Durable: type[_Settings] = type(
    "Durable",
    (_Settings,),
    {"__doc__": "Settings of durnb.", "__module__": __name__} | {setting.name: Setting(setting) for setting in fields(Settings)},
)
