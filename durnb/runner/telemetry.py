"""A run as OpenTelemetry spans, made from its events: run, step, attempt, call. Their ids follow from the run's, so that a trace goes on over restarts."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from durnb.digests import digest_of
from durnb.errors import UsageError
from durnb.fold import History
from durnb.records import dataclass
from durnb.steps import Attempt, Execution, StepHistory

if TYPE_CHECKING:  # an extra: nothing of it is imported unless spans are asked for
    from opentelemetry.sdk.trace import ReadableSpan

_PATIENCE: Final = 10.0  # seconds for the collector to answer


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanFacts:
    """One span; `path` is what its id is made of, `parent` the path of the span around it, empty for the run's own."""

    name: str
    path: tuple[str, ...]
    parent: tuple[str, ...]
    start: datetime
    end: datetime
    failed: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


def spans_of(history: History, after: int) -> Iterator[SpanFacts]:
    """The spans that ended in kernels after the `after`-th; the run itself once it is over. An attempt that nobody ended died with its kernel."""
    run = ("run",)
    for step in history.steps.values():
        for execution in step.executions:
            yield from _execution(history, step, execution, after, run)
    if history.status != "open" and history.started and history.updated and history.epoch > after:
        attributes = {
            "durnb.run": history.run,
            "durnb.notebook": history.notebook,
            "durnb.status": history.status,
            "durnb.kernels": history.epoch,
        }
        failed = history.status if history.status in ("failed", "cancelled", "abandoned") else ""
        yield SpanFacts(
            name=f"run {history.run}", path=run, parent=(), start=history.started, end=history.updated, failed=failed, attributes=attributes
        )


def _execution(history: History, step: StepHistory, execution: Execution, after: int, run: tuple[str, ...]) -> Iterator[SpanFacts]:
    path = (*run, step.name, str(execution.number))
    for attempt in execution.attempts:
        if attempt.epoch > after:
            span = _attempt(history, step, execution, attempt, path)
            yield span
            yield from _calls(step, execution, span)
    last = execution.last
    over = last.ended is not None and last.retry_in is None
    if over and last.ended is not None and last.epoch > after:
        attributes = {
            "durnb.step": step.name,
            "durnb.execution": execution.number,
            "durnb.attempts": len(execution.attempts),
            "durnb.reason": execution.reason,
        }
        failed = "" if last.status == "succeeded" else _why(last)
        yield SpanFacts(
            name=f"step {step.name}",
            path=path,
            parent=run,
            start=execution.attempts[0].started,
            end=last.ended,
            failed=failed,
            attributes=attributes,
        )


def _attempt(history: History, step: StepHistory, execution: Execution, attempt: Attempt, parent: tuple[str, ...]) -> SpanFacts:
    end = attempt.ended or history.updated or attempt.started
    status = "crashed" if attempt.status == "running" else attempt.status
    return SpanFacts(
        name=f"attempt {attempt.number} of {step.name}",
        path=(*parent, str(attempt.number)),
        parent=parent,
        start=attempt.started,
        end=max(end, attempt.started),
        failed="" if status == "succeeded" else _why(attempt) if attempt.error else status,
        attributes={
            "durnb.step": step.name,
            "durnb.execution": execution.number,
            "durnb.attempt": attempt.number,
            "durnb.kernel": attempt.epoch,
            "durnb.status": status,
        },
    )


def _calls(step: StepHistory, execution: Execution, attempt: SpanFacts) -> Iterator[SpanFacts]:
    """The durable calls that returned, or failed for good, in that attempt."""
    for call, made in step.calls.made.items():
        if made.status == "started" or made.at is None or made.execution != execution.number or not attempt.start <= made.at <= attempt.end:
            continue
        error = f"{made.error.type}: {made.error.message}".partition("\n")[0] if made.error else "failed"
        yield SpanFacts(
            name=f"call {made.label}",
            path=(*attempt.path, call),
            parent=attempt.path,
            start=max(made.at - timedelta(seconds=made.ran), attempt.start),
            end=made.at,
            failed="" if made.status == "succeeded" else error,
            attributes={"durnb.step": step.name, "durnb.call": made.label},
        )


def _why(attempt: Attempt) -> str:
    return f"{attempt.error.type}: {attempt.error.message}".partition("\n")[0] if attempt.error else attempt.status


def check_installed() -> None:
    """Raises UsageError where spans can't be sent for want of a library."""
    try:
        found = all(map(importlib.util.find_spec, ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")))
    except ModuleNotFoundError:  # a package above is not there
        found = False
    if not found:
        raise UsageError("the setting otel needs OpenTelemetry: pip install 'durnb[otel]'")


def send(history: History, after: int) -> str | None:
    """Send the spans to the collector that ``OTEL_EXPORTER_OTLP_*`` names; what went wrong, in words, or None. `check_installed` goes first."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  # see above
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415  # see above

    facts = list(spans_of(history, after))
    if not facts:
        return None
    exporter = OTLPSpanExporter(timeout=_PATIENCE)
    try:
        sent = exporter.export(_readable(history, facts))
    except Exception as error:  # of whatever HTTP client it uses
        return f"spans were not sent: {error}"
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]  # OpenTelemetry left it without types
    return (
        None
        if sent is SpanExportResult.SUCCESS
        else "spans were not sent: the collector that OTEL_EXPORTER_OTLP_ENDPOINT names did not take them"
    )


def _readable(history: History, facts: Sequence[SpanFacts]) -> list[ReadableSpan]:
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # see above
    from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags  # noqa: PLC0415

    resource = Resource.create({"service.name": "durnb"})

    def context(path: tuple[str, ...]) -> SpanContext:
        trace, span = trace_id(history), span_id(history, path)
        return SpanContext(trace_id=trace, span_id=span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    return [
        ReadableSpan(
            name=each.name,
            context=context(each.path),
            parent=context(each.parent) if each.parent else None,
            resource=resource,
            attributes=each.attributes,
            kind=SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, each.failed) if each.failed else Status(StatusCode.OK),
            start_time=_nanoseconds(each.start),
            end_time=_nanoseconds(each.end),
        )
        for each in facts
    ]


def trace_id(history: History) -> int:
    """The same for every kernel of the run: 128 bits."""
    return int(digest_of("trace", history.store, history.run)[:32], 16)


def span_id(history: History, path: tuple[str, ...]) -> int:
    """64 bits."""
    return int(digest_of("span", history.store, history.run, *path)[:16], 16)


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000
