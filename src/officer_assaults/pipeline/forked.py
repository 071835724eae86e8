"""Forked kernels: real ipykernels that find their imports done, through jupyter_client's doors."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.utils import ensure_async
from traitlets import Type

from officer_assaults.pipeline.forkserver import UNTHREADED

ADDRESS_VARIABLE = "REPORT_KERNEL_SERVER"
PRELOAD_VARIABLE = "REPORT_KERNEL_PRELOAD"
_LAUNCHER = "ipykernel_launcher"
_PORTS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
#: Names of sockets have room for about 104 bytes.
LONGEST_FOLDER = 60
_PROMPT_SECONDS = 0.002
_PRELOAD_SECONDS = 120.0


def can_fork() -> bool:
    """Whether kernels can be forked here: on macOS forked frameworks crash, Windows has none."""
    return sys.platform == "linux" and hasattr(os, "fork")


class KernelServer:
    """A fork server of this process's own, gone with it.

    Parameters
    ----------
    preload : sequence of str
        Modules that kernels find imported, and functions that are called before.
    variables : mapping of str to str
        Environment variables that the imports need.
    """

    def __init__(self, preload: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.mkdtemp(prefix="fork-", dir=short_folder())
        self.address = str(Path(self._folder) / "server")
        self._ready = False
        environment = {**UNTHREADED, **os.environ, **(variables or {})}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "officer_assaults.pipeline.forkserver", self.address, *preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            process_group=0,  # Ctrl-C on a terminal is for its owner.
        )

    @property
    def pid(self) -> int:
        """Number of the server's process."""
        return self._process.pid

    def wait_ready(self) -> None:
        """Wait until the imports are done.

        Raises
        ------
        RuntimeError
            If the server ended instead, with what it said last.
        """
        if self._ready or (self._process.stdout and self._process.stdout.readline()):
            self._ready = True
            return
        _, said = self._process.communicate()
        lines = said.strip().splitlines() or [f"exit code {self._process.returncode}"]
        raise RuntimeError(lines[-1])

    def call(self, name: str, arguments: Sequence[str]) -> bool:
        """Call a function where the imports are done; whether it ended well."""
        try:
            called = ForkedProcess(self.address, arguments, dict(os.environ), str(Path.cwd()), name)
        except ServerLost:
            return False
        return called.wait() == 0

    @property
    def alive(self) -> bool:
        """Whether the server still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the server and with it all its kernels."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def short_folder() -> str | None:
    """Folder for sockets whose names the system would find too long in the usual one, or None."""
    return "/tmp" if len(os.fsencode(tempfile.gettempdir())) > LONGEST_FOLDER else None  # noqa: S108


class ServerLost(RuntimeError):
    """The fork server is gone, and every kernel with it."""


class ForkedProcess:
    """A forked kernel, seen like a ``subprocess.Popen``.

    Parameters
    ----------
    address : str
        Socket of the fork server.
    arguments : sequence of str
        Arguments of the kernel.
    env : dict of str to str
        Its whole environment.
    cwd : str
        Its folder.
    call : str
        Name ``"module:function"`` of what is called with the arguments in place of a kernel.

    Raises
    ------
    ServerLost
        If the fork server does not answer.
    """

    stdin = stdout = stderr = None

    def __init__(
        self,
        address: str,
        arguments: Sequence[str],
        env: dict[str, str],
        cwd: str,
        call: str = "",
    ) -> None:
        self.returncode: int | None = None
        self.lost = False
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.settimeout(_PRELOAD_SECONDS)
        self._heard = b""
        request = {"arguments": list(arguments), "env": env, "cwd": cwd, "call": call}
        try:
            self._connection.connect(address)
            self._connection.sendall(json.dumps(request).encode() + b"\n")
            while b"\n" not in self._heard:
                piece = self._connection.recv(4096)
                if not piece:
                    raise OSError("connection closed")
                self._heard += piece
        except OSError as error:
            self._connection.close()
            raise ServerLost(f"the fork server does not answer: {error}") from error
        line, _, self._heard = self._heard.partition(b"\n")
        self.pid: int = json.loads(line)["pid"]
        self._connection.setblocking(False)

    def poll(self) -> int | None:
        """Exit code, negative for a signal; None while the kernel lives."""
        while self.returncode is None:
            try:
                piece = self._connection.recv(4096)
            except BlockingIOError:
                return None
            except OSError:
                piece = b""
            self._heard += piece
            if b"\n" in self._heard:
                self.returncode = json.loads(self._heard)["exit"]
            elif not piece:
                self.returncode, self.lost = -signal.SIGKILL, True
        self._connection.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the kernel to end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(_LAUNCHER, timeout or 0.0)
            time.sleep(_PROMPT_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)


_own_server: dict[int, KernelServer] = {}
_starting = threading.Lock()


def fork_kernel(arguments: Sequence[str], env: dict[str, str], cwd: str) -> ForkedProcess:
    """Fork from the server that a batch named, else from one of this process's own."""
    named = os.environ.get(ADDRESS_VARIABLE)
    if named:
        try:
            return ForkedProcess(named, arguments, env, cwd)
        except ServerLost:
            os.environ.pop(ADDRESS_VARIABLE, None)
    with _starting:
        server = _own_server.get(os.getpid())
        if server is None or not server.alive:
            server = KernelServer(os.environ.get(PRELOAD_VARIABLE, "").split())
            _own_server[os.getpid()] = server
            atexit.register(server.close)
        server.wait_ready()
    return ForkedProcess(server.address, arguments, env, cwd)


class ForkedProvisioner(LocalProvisioner):
    """Starts Python kernels by forking; any other kernel as always."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel and wait until its sockets are there."""
        if _LAUNCHER not in cmd or not can_fork():
            return await super().launch_kernel(cmd, **kwargs)
        arguments = cmd[cmd.index(_LAUNCHER) + 1 :]
        cwd = str(kwargs.get("cwd") or Path.cwd())
        process: Any = fork_kernel(arguments, kwargs["env"], cwd)
        self.process, self.pid, self.pgid, self.cwd = process, process.pid, process.pid, cwd
        await self._sockets(process)
        return self.connection_info

    async def _sockets(self, process: ForkedProcess) -> None:
        """Wait for the sockets: connecting too early costs a tenth of a second each time."""
        info: dict[str, Any] = dict(self.connection_info)
        if info.get("transport") != "ipc":
            return
        paths = [Path(f"{info['ip']}-{info[port]}") for port in _PORTS]
        while process.poll() is None and not all(path.exists() for path in paths):
            await asyncio.sleep(_PROMPT_SECONDS)

    async def wait(self) -> int | None:
        """Wait for the kernel to end, looking often: a kernel that was killed ends at once."""
        process: Any = self.process
        if not isinstance(process, ForkedProcess):
            return await super().wait()
        while (code := process.poll()) is None:
            await asyncio.sleep(_PROMPT_SECONDS)
        self.process = None
        return code


class PromptKernelClient(AsyncKernelClient):
    """A client that is ready as soon as the kernel's first answer is complete."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait for the answer on the shell channel and its end on the output channel.

        The stock client waits for a fifth of a second of silence instead.

        Raises
        ------
        RuntimeError
            If the kernel dies, or does not answer in time.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._answered(self.kernel_info()):
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _answered(self, request: str) -> bool:
        try:
            reply = await ensure_async(self.shell_channel.get_msg(timeout=1))
            if reply["msg_type"] != "kernel_info_reply":
                return False
            self._handle_kernel_info_reply(reply)
            while True:
                message = await ensure_async(self.iopub_channel.get_msg(timeout=0.2))
                if _ends(message, request):
                    return True
        except Empty:
            return False


def _ends(message: dict[str, Any], request: str) -> bool:
    is_idle = message["content"].get("execution_state") == "idle"
    return is_idle and bool(message["parent_header"].get("msg_id") == request)


class ForkedKernelManager(AsyncKernelManager):
    """A kernel manager whose kernels are forked, whatever their kernel spec says."""

    client_factory = Type(PromptKernelClient, klass=AsyncKernelClient)

    async def _async_pre_start_kernel(self, **kw: Any) -> Any:
        if self.provisioner is None:
            self.kernel_id = self.kernel_id or str(uuid.uuid4())
            self.provisioner = ForkedProvisioner(
                kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
            )
        return await super()._async_pre_start_kernel(**kw)

    async def _async_kill_kernel(self, restart: bool = False) -> None:
        if self.provisioner is not None and self.provisioner.has_process:
            await self.provisioner.kill(restart=restart)
            await self.provisioner.wait()
