"""What is durable inside a step: calls, maps, loops, waits and recorded values.

Each function finds the body that runs now (`durnb.engine.body`) and records what happened in its run's journal. Outside of a durable step they do
what their names say, and nothing is recorded.
"""

from __future__ import annotations

from durnb.inside.function import DurableFunction, call

__all__ = ["DurableFunction", "call"]
