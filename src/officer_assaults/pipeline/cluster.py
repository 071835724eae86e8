"""Cluster: hands the plan to a Dask cluster through its ``concurrent.futures`` interface."""

from __future__ import annotations

import contextlib
import functools
import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from officer_assaults.files import sha256
from officer_assaults.pipeline.inputs import hash_json, manifest
from officer_assaults.pipeline.project import Project
from officer_assaults.pipeline.run import CONTRACT_BROKEN, Job, Result, perform
from officer_assaults.refusals import Problem, Refusal

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_CONNECT_SECONDS = 20
_RUNS_PER_THREAD = 2
_unpacked: dict[str, Path] = {}


def pack(project: Project) -> bytes:
    """Pack data and notebooks' names for workers without a shared disk, as a zip archive.

    The same files always give the same bytes.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for folder in (*project.data, project.notebooks):
            for name in sorted(manifest([folder])):
                entry = zipfile.ZipInfo((folder.parent.relative_to(project.root) / name).as_posix())
                archive.writestr(entry, (folder.parent / name).read_bytes())
    return stream.getvalue()


def unpack(content: bytes, digest: str) -> Path:
    """Unpack what was packed into a folder of this process's own.

    Raises
    ------
    ValueError
        If the bytes are not those whose SHA-256 this is.
    """
    if sha256(content) != digest:
        raise ValueError("the data arrived damaged")
    folder = Path(tempfile.mkdtemp(prefix="data-"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder


class DataPlugin:
    """Puts the data on every worker of a cluster, also on those that join later.

    Parameters
    ----------
    content : bytes
        What to put there, from :func:`pack`.
    """

    idempotent = True

    def __init__(self, content: bytes) -> None:
        self.content, self.digest = content, sha256(content)
        self.name = f"report-data-{self.digest[:16]}"

    def setup(self, worker: Any) -> None:
        """Unpack when a worker starts or the plugin is registered."""
        if self.digest not in _unpacked:
            _unpacked[self.digest] = unpack(self.content, self.digest)

    def teardown(self, worker: Any) -> None:
        """Remove the data when the worker leaves."""
        folder = _unpacked.pop(self.digest, None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def secured(address: str) -> str:
    """Address of a scheduler with its scheme, TLS unless it says another.

    Raises
    ------
    Refusal
        P308 for one without TLS that is not on this machine: whoever reaches such a scheduler has
        its workers run any code, and reads the data that travel.
    """
    scheme, mark, rest = address.rpartition("://")
    if not mark:
        return f"tls://{rest}"
    host = rest.rpartition(":")[0].strip("[]")
    if scheme in ("tls", "wss", "inproc", "ipc") or host in LOOPBACK:
        return address
    what = f"the scheduler at '{address}' is open to the network, without TLS."
    remedy = "Start it with --protocol tls and certificates (docs/batch.md), or forward its port."
    raise Refusal(Problem("P308", what, remedy))


@functools.cache
def package_hash() -> str:
    """Hash of the installed package: runs must not mix versions."""
    return hash_json(manifest([Path(__file__).parents[1]]))


def perform_remote(job: Job, digest: str, package: str) -> Result:
    """Make one report on a worker from its own package and the data that was sent.

    Parameters
    ----------
    job : Job
        What to make.
    digest : str
        Which data.
    package : str
        Hash of the package that the plan was made with.
    """
    if package != package_hash():
        text = "the worker has another version of the package: install the same on every worker"
        return Result(job.key, CONTRACT_BROKEN, error=text)
    if digest not in _unpacked:
        return Result(job.key, CONTRACT_BROKEN, error="the worker was not sent the data")
    return perform(replace(job, root=str(_unpacked[digest])))


@dataclass(slots=True)
class DaskWorkers:
    """Workers of a Dask cluster.

    Parameters
    ----------
    address : str
        Address of the scheduler.
    project : Project
        Whose data to send.
    engine : str
        Papermill engine on the workers.
    """

    address: str
    project: Project
    engine: str
    perform: Callable[[Job], Result] = perform
    width: int = 1

    def call(self, name: str, arguments: Sequence[str]) -> bool:
        """Call nothing: the cluster has its own disks."""
        return False

    @contextlib.contextmanager
    def executor(self) -> Iterator[Executor]:
        """Connect, send the data, and give the cluster's executor.

        Raises
        ------
        Refusal
            P308 if no scheduler answers there, Dask is not installed, or the address is open to
            the network without TLS.
        """
        address = secured(self.address)
        try:
            from distributed import Client, WorkerPlugin

            client: Any = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
        except (ImportError, OSError, ValueError) as error:
            what = f"no Dask scheduler at '{self.address}' ({error})."
            remedy = "Start one, check the address, and install the extra 'cluster'."
            raise Refusal(Problem("P308", what, remedy)) from error
        plugin_class = type("ReportData", (DataPlugin, WorkerPlugin), {})
        plugin: Any = plugin_class(pack(self.project))
        with client:
            client.register_plugin(plugin)
            self.width = _RUNS_PER_THREAD * max(1, sum(client.nthreads().values()))
            self.perform = functools.partial(
                perform_remote, digest=plugin.digest, package=package_hash()
            )
            executor = client.get_executor(pure=False)
            try:
                yield executor
            finally:
                executor.shutdown(wait=False)
