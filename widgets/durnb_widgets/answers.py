"""What a step waits for, and how a person answers: buttons and forms, whose script is that of the panel."""

from __future__ import annotations

from datetime import datetime

from durnb.views.forms import Field
from durnb.views.inside import WaitCard
from durnb_widgets.markup import Markup, tag
from durnb_widgets.times import moment


def wait_html(wait: WaitCard, step: str, now: datetime, *, live: bool) -> Markup:
    """One wait; only a `live` one can be answered."""
    until = [" until ", moment(wait.until, now)] if wait.until is not None else []
    if wait.what == "sleep":
        wake = tag(
            "button",
            "Go on now",
            type="button",
            class_="durnb-button",
            data_op="wake",
            data_step=step,
            data_asks=f"End the sleep of {step} now?",
        )
        return tag("div", "sleeps", until, tag("span", wake, class_="durnb-actions") if live else None, class_="durnb-wait")
    asked = tag("span", wait.prompt or f"waits for {wait.name}", class_="durnb-prompt")
    return tag("div", asked, until, _answers(wait, step) if live else f" · %durable signal {wait.name} VALUE", class_="durnb-wait")


def _answers(wait: WaitCard, step: str) -> Markup | None:
    form = wait.form
    if form is None:
        return None
    if form.choices:
        buttons = [
            tag(
                "button",
                c.label,
                type="button",
                class_="durnb-button",
                data_op="signal",
                data_step=step,
                data_signal=wait.name,
                data_value=c.value,
            )
            for c in form.choices
        ]
        return tag("span", buttons, class_="durnb-actions")
    send = tag("button", "Send", type="submit", class_="durnb-button")
    return tag("form", [_field(field) for field in form.fields], send, class_="durnb-form", data_step=step, data_signal=wait.name)


def _field(field: Field) -> Markup:
    about: dict[str, str | bool | None] = {
        "name": field.name or None,
        "data_kind": field.kind,
        "required": field.required and field.kind != "boolean",
    }
    match field.kind:
        case "choice":
            control = tag("select", [tag("option", c.label, value=c.value) for c in field.choices], **about)
        case "boolean":
            control = tag("input", type="checkbox", **about)
        case "number" | "integer":
            control = tag("input", type="number", step="any" if field.kind == "number" else "1", **about)
        case "text" | "json":
            control = tag("input", type="text", placeholder="JSON" if field.kind == "json" else None, **about)
    return tag("label", tag("span", field.title), control)
