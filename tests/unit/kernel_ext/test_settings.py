from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from traitlets import TraitError
from traitlets.config import Config

from durnb.config import Settings
from durnb.errors import UsageError
from durnb_kernel_ext.settings import Durable


@pytest.fixture(autouse=True)
def _no_instance_is_left() -> Iterator[None]:
    yield
    Durable.clear_instance()


def test_untouched_settings_are_the_defaults() -> None:
    assert Durable().settings() == Settings()


def test_the_environment_is_below_the_config_and_that_below_what_is_said_live(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASK_OVER", "MAX_OUTPUT", "MAX_CRASHES"):
        monkeypatch.setenv(f"DURNB_{name}", "5")
    config = Config()
    config.Durable.max_output = "2 kB"
    config.Durable.max_crashes = 7
    durable = Durable(config=config)
    durable.update_config(Config({"Durable": {"max_crashes": "9"}}))
    settings = durable.settings()
    assert (settings.ask_over, settings.max_output, settings.max_crashes) == (timedelta(seconds=5), 2000, 9)


@pytest.mark.parametrize(
    ("name", "value", "meant"), [("ask_over", "30m", timedelta(minutes=30)), ("badge", "no", False), ("on_change", "ask", "ask")]
)
def test_text_is_understood(name: str, value: str, meant: object) -> None:
    durable = Durable()
    setattr(durable, name, value)
    assert getattr(durable.settings(), name) == meant


def test_nonsense_is_refused_and_changes_nothing() -> None:
    durable = Durable()
    with pytest.raises(TraitError, match="not a length of time"):
        durable.ask_over = "soon"  # type: ignore[attr-defined]
    assert durable.settings() == Settings()


def test_a_variable_that_cannot_be_read_is_named_when_settings_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURNB_ASK_OVER", "soon")
    durable = Durable()
    with pytest.raises(UsageError, match="DURNB_ASK_OVER"):
        durable.settings()


def test_every_setting_has_help() -> None:
    text = Durable.class_get_help()
    assert "Durable.max_prestate" in text
    assert "bytes of outputs kept for each step" in text
