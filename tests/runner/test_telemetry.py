"""Spans of a run over the death of its kernel, at a collector of our own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

DIE_ONCE = "import os, pathlib\nif not pathlib.Path('died').exists():\n    pathlib.Path('died').touch()\n    os.kill(os.getpid(), 9)"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Its address, and the spans that it got."""
    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent = ExportTraceServiceRequest.FromString(body)
            spans.extend(span for resource in sent.resource_spans for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", spans
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_spans_of_two_kernels_and_two_commands_are_one_trace(desk: Any, collector: tuple[str, list[Any]]) -> None:
    address, spans = collector
    environment = {"DURNB_OTEL": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_COMPRESSION": "none"}
    fail_once = "import pathlib\nif not pathlib.Path('failed').exists():\n    pathlib.Path('failed').touch()\n    1 / 0"
    desk.notebook(f"%%durable load\n{DIE_ONCE}\nx = 1", f"%%durable send\nimport durnb\ndurnb.call(len)([1, 2])\n{fail_once}")
    assert desk.durnb("run", "etl.ipynb", environment=environment).returncode == 1
    done = desk.durnb("run", "etl.ipynb", environment=environment)
    assert done.returncode == 0, done.stderr
    assert "spans were not sent" not in done.stderr
    names = [(span.name, span.status.message) for span in spans]
    assert names == [
        ("attempt 1 of load", "crashed"),
        ("attempt 2 of load", ""),
        ("step load", ""),
        ("attempt 1 of send", "ZeroDivisionError: division by zero"),
        ("call builtins.len", ""),
        ("step send", "ZeroDivisionError: division by zero"),
        ("attempt 1 of send", ""),
        ("step send", ""),
        ("run default.1", ""),
    ]
    assert len({span.trace_id for span in spans}) == 1
    by_id = {span.span_id: span.name for span in spans}
    assert len(by_id) == len(spans)
    assert [by_id.get(span.parent_span_id) for span in spans] == [
        "step load",
        "step load",
        "run default.1",
        "step send",
        "attempt 1 of send",
        "run default.1",
        "step send",
        "run default.1",
        None,
    ]
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)
