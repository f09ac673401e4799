"""Drives kernels with the interpreter that durnb was installed for: ``python drive_kernel.py FOLDER``. Prints what it saw as JSON.

A script of its own, because the test's interpreter has the checkout on its path, and this one must not.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

DEADLINE = 60.0  # seconds; only a hang reaches it
LOAD = """%%durable load
with open("load.txt", "a") as effect:
    print("ran", file=effect)
print("loading")
rows = [1, 2, 3]
rows"""
TRAIN = """%%durable train
with open("train.txt", "a") as effect:
    print("ran", file=effect)
import pathlib, time
while not pathlib.Path("go").exists():
    time.sleep(0.05)
total = sum(rows)"""


def start(kernel_name: str, folder: Path) -> tuple[KernelManager, BlockingKernelClient]:
    manager = KernelManager(kernel_name=kernel_name)
    manager.start_kernel(cwd=str(folder), env={**os.environ, "DURNB_NOTEBOOK": str(folder / "etl.ipynb")})
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=DEADLINE)
    return manager, client


def run(client: BlockingKernelClient, code: str) -> dict[str, Any]:
    """The reply and all outputs of one cell."""
    outputs: list[dict[str, Any]] = []
    reply = client.execute_interactive(code, timeout=DEADLINE, output_hook=lambda message: outputs.append(message["content"]))
    return {"status": reply["content"]["status"], "error": reply["content"].get("evalue"), "outputs": json.dumps(outputs, default=str)}


def wait_for(path: Path) -> None:
    end = time.monotonic() + DEADLINE
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{path.name} never came: the cell does not run")
        time.sleep(0.02)


def pid_of(client: BlockingKernelClient) -> int:
    answer = client.execute_interactive("", user_expressions={"pid": "__import__('os').getpid()"}, timeout=DEADLINE)
    return int(answer["content"]["user_expressions"]["pid"]["data"]["text/plain"])


def main() -> None:
    folder = Path(sys.argv[1])
    saw: dict[str, Any] = {}

    manager, client = start("python3", folder)
    saw["hostile"] = [run(client, f"import {name}")["error"] for name in ("widgets", "kernel_ext")]
    saw["load_ext"] = run(client, "%load_ext durnb")
    saw["first load"] = run(client, LOAD)
    if saw["first load"]["status"] != "ok":
        raise RuntimeError(f"no durable cell runs: {saw}")
    pid = pid_of(client)
    client.execute(TRAIN)
    wait_for(folder / "train.txt")
    os.kill(pid, signal.SIGKILL)
    client.stop_channels()
    manager.shutdown_kernel(now=True)

    (folder / "go").touch()
    manager, client = start("durnb", folder)
    saw["second load"] = run(client, LOAD)
    saw["train"] = run(client, TRAIN)
    saw["total"] = run(client, "print('total is', total)")
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    print(json.dumps(saw))


if __name__ == "__main__":
    main()
