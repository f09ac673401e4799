"""A process that has imported what a kernel needs and forks a fresh ipykernel on request, in a few hundredths of a second.

It opens no journal and starts no thread, so a child inherits nothing that a started kernel would not have; only its imports are done. Run as a script: ``python nursery_server.py SOCKET_FD MODULE…``. A request is one JSON line, the answer the child's pid.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

PR_SET_PDEATHSIG = 1


def preload(module: str) -> None:
    """Import a module by its name, or a file by its path under its stem."""
    if not module.endswith(".py"):
        with contextlib.suppress(ImportError):  # not in the oldest supported set; what needs it is skipped there
            importlib.import_module(module)
        return
    name = os.path.basename(module).removesuffix(".py")
    spec = spec_from_file_location(name, module)
    assert spec
    assert spec.loader
    sys.modules[name] = loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)


def serve(channel: socket.socket) -> dict[str, Any]:
    """Fork for every request; returns the request, in the child. The server itself ends here."""
    lines = channel.makefile("r")
    channel.sendall(b"ready\n")
    while line := lines.readline():
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            lines.close()
            channel.close()
            return request
        channel.sendall(b"%d\n" % pid)
    os._exit(0)


def become_kernel(request: dict[str, Any]) -> None:
    """Make this forked child what a newly started ``python -m ipykernel_launcher`` would be, and run the kernel."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    null, log = os.open(os.devnull, os.O_RDONLY), os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(null)
    os.close(log)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    if faults := sys.modules.get("durnb.faults"):
        importlib.reload(faults)  # it read DURNB_FAULTS when it was imported
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # random reseeds itself after a fork, numpy does not
    for module, arguments in request["install"].items():
        sys.modules[module].install(**arguments)  # type: ignore[attr-defined]  # a preloaded file of the tests
    sys.argv = ["ipykernel_launcher.py", *request["argv"]]
    sys.modules["ipykernel.kernelapp"].IPKernelApp.launch_instance(request["argv"])


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this script
    for module in ("zmq", "IPython", "ipykernel.kernelapp", "ipykernel.ipkernel", *sys.argv[2:]):
        preload(module)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    become_kernel(serve(socket.socket(fileno=int(sys.argv[1]))))
