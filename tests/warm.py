"""A `dvc` and a `pyrite` that start at once, for tests that run dozens of them: most of their time went with imports.

They are forked from a process that has imported what both import, and take over their caller's arguments, folder,
environment and streams.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from dvc.cli import main as dvc

from pyrite import cli, stages

PROGRAMS = {"dvc": dvc, "pyrite": cli.main}

# All that stages import, some of it late.
MODULES = [f"pyrite.stages.{stage.name}" for stage in iter_modules(stages.__path__)]
MODULES += ["pyrite.training.finetune", "transformers.models.bert.modeling_bert"]

# What a program does here: hand all that makes a process over, and wait for its exit code.
CALL = """
    #!{python} -IS
    import json, os, socket, sys
    with socket.socket(socket.AF_UNIX) as server:
        server.connect({address!r})
        call = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
        socket.send_fds(server, [len(call).to_bytes(8, "big")], [0, 1, 2])
        server.sendall(call)
        code = server.recv(1)
    sys.exit(code[0] if code else f"{{sys.argv[0]}} was killed")
"""


@contextlib.contextmanager
def programs(folder: Path) -> Iterator[Path]:
    """A folder for `PATH` with these programs; the folder's own path must be short (AF_UNIX)."""
    address = folder / "socket"
    for name in PROGRAMS:
        program = folder / name
        program.write_text(textwrap.dedent(CALL).lstrip().format(python=sys.executable, address=str(address)))
        program.chmod(0o755)
    server = subprocess.Popen([sys.executable, __file__, str(address)])
    while not address.exists():
        assert server.poll() is None
        time.sleep(0.05)
    try:
        yield folder
    finally:
        server.terminate()
        server.wait()


def serve(address: str) -> None:
    for module in MODULES:
        import_module(module)
    parent = os.getppid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        listener.settimeout(5)
        while os.getppid() == parent:
            with contextlib.suppress(TimeoutError):
                caller, _ = listener.accept()
                if os.fork() == 0:
                    listener.close()
                    answer(caller)
                caller.close()


def answer(caller: socket.socket) -> None:
    """Be the process that the caller stands for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(caller, 8, 3)
    call = b""
    while len(call) < int.from_bytes(size, "big"):
        call += caller.recv(1 << 20)
    sys.argv, folder, environment = json.loads(call)
    for here, there in enumerate(streams):
        os.dup2(there, here)
        os.close(there)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    code = 1
    try:
        code = PROGRAMS[Path(sys.argv[0]).name]() or 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        caller.send(bytes([code]))
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
