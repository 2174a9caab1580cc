"""Simulated trials on a Dask cluster, of the extra `equipoise[cluster]`: the same chunks, the same bytes.

A chunk travels as plain values to a worker that runs the same code, and comes back as counts and sums, which are added
in the order of the trials. A chunk whose worker died is run again by another.
"""

from __future__ import annotations

import hashlib
import platform
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from equipoise.errors import ClusterError, MissingExtraError
from equipoise.provenance import equipoise_version, package_versions
from equipoise.simulation.event_laws import refused

# Seconds that a scheduler may take to answer, and that a cluster may be without a worker.
ANSWER_WITHIN = 10.0
WORKERS_WITHIN = 30.0
# Seconds between looks at a cluster that gives no answer.
_LOOK_EVERY = 1.0
# Kinds of address that name a host and a port.
_SOCKETS = ("tcp", "tls", "ws", "wss")
_PACKAGES = ("numpy", "numba", "distributed")
# What decides the bytes of a chunk.
_CODE = ("kernels", "simulation", "seeds.py")


class ClusterExecutor(Executor):
    """An executor whose tasks run on a cluster; `threads` is how many at a time."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._without_workers_since: float | None = None
        self.threads = max(1, sum(client.nthreads().values()))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return _ClusterFuture(self._client.submit(_call, fn, args, kwargs, pure=False), self)

    def check(self) -> None:
        """Raises ClusterError `cluster-lost` where no answer is to be expected any more."""
        try:
            running = self._client.status == "running"
            workers = self._client.scheduler_info()["workers"] if running else {}
        except OSError:
            running, workers = False, {}
        if not running:
            raise self.lost("the scheduler does not answer any more")
        now = time.monotonic()
        if workers:
            self._without_workers_since = None
        elif self._without_workers_since is None:
            self._without_workers_since = now
        elif now - self._without_workers_since > WORKERS_WITHIN:
            raise self.lost(f"no worker is left, for {WORKERS_WITHIN:g} seconds")

    def lost(self, what: str) -> ClusterError:
        return ClusterError(
            "cluster-lost",
            f"the cluster at {self._address} gave up: {what}",
            where="scheduler",
            reason="the trials under way are lost, and a result of the others alone would not be the one asked for",
            hint="see the log of the scheduler and its workers (memory?), then start again: "
            "the same seed gives the same result",
        )


class _ClusterFuture(Future[Any]):
    """A task on a cluster, waited for as long as the cluster lives."""

    def __init__(self, found: Any, executor: ClusterExecutor) -> None:
        super().__init__()
        self._found, self._executor = found, executor

    def result(self, timeout: float | None = None) -> Any:
        from distributed.scheduler import KilledWorker

        ends = None if timeout is None else time.monotonic() + timeout
        while True:
            try:
                return self._found.result(timeout=_LOOK_EVERY)
            except TimeoutError:
                self._executor.check()
                if ends is not None and time.monotonic() > ends:
                    raise
            except KilledWorker as error:
                raise self._executor.lost(f"the workers that took the same trials all died ({error})") from error
            except (CancelledError, OSError) as error:
                raise self._executor.lost("the scheduler went away") from error

    def done(self) -> bool:
        return bool(self._found.done())

    def cancel(self) -> bool:
        self._found.cancel(force=True)
        return True


def _call(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return fn(*args, **kwargs)


@contextmanager
def executor_of(scheduler: str | None, executor: Executor | None) -> Iterator[Executor | None]:
    """The executor given, or one on the cluster whose scheduler has this address; closed at the end.

    Raises MissingExtraError `extra-missing`, ArgumentError `argument-invalid`, ClusterError `cluster-unreachable`,
    `cluster-mismatch`.
    """
    if scheduler is None:
        yield executor
        return
    if executor is not None:
        raise refused("scheduler", scheduler, "a scheduler or an executor, not both")
    client = _connect(scheduler)
    try:
        _check_workers(client, scheduler)
        yield ClusterExecutor(client, scheduler)
    finally:
        client.close(timeout=ANSWER_WITHIN)


def _connect(address: str) -> Any:
    if not isinstance(address, str) or not address.strip():
        raise refused("scheduler", address, "the address of a Dask scheduler, such as tcp://10.0.0.1:8786")
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address, parse_host_port
    except ImportError as error:
        raise MissingExtraError(
            "extra-missing",
            "trials on a cluster need dask.distributed, which is not installed",
            where="scheduler",
            reason=f"importing distributed: {error}",
            hint="pip install 'equipoise[cluster]', here and on every worker",
        ) from error
    try:
        with warnings.catch_warnings():
            # It warns of other versions, which `_check_workers` refuses.
            warnings.simplefilter("ignore")
            scheme, place = parse_address(address)
            if scheme in _SOCKETS:
                # A client begun with half an address waits for an end, and says so in a traceback.
                parse_host_port(place)
            return Client(address, timeout=ANSWER_WITHIN, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(
            "cluster-unreachable",
            f"no Dask scheduler answers at {address!r}",
            where="scheduler",
            reason=str(error).splitlines()[0] if str(error) else type(error).__name__,
            hint="start one with `dask scheduler`, workers with `dask worker ADDRESS`, and give the address it prints",
        ) from error


def _check_workers(client: Any, address: str) -> None:
    """Raises ClusterError where there is no worker, or one that runs other code."""
    try:
        client.wait_for_workers(1, timeout=ANSWER_WITHIN)
        found = client.run(describe_code)
    except TimeoutError as error:
        raise ClusterError(
            "cluster-unreachable",
            f"the scheduler at {address} has no worker",
            where="scheduler",
            hint=f"start one with `dask worker {address}`, in an environment that has equipoise",
        ) from error
    except Exception as error:
        # What went wrong on a worker comes as text, in an exception of no kind of its own.
        raise _mismatch(f"a worker cannot load equipoise ({error})") from error
    own = describe_code()
    for worker, described in found.items():
        other = [f"{name} {described.get(name)} (here {own[name]})" for name in own if described.get(name) != own[name]]
        if other:
            raise _mismatch(f"worker {worker} runs {', '.join(other)}")


def _mismatch(what: str) -> ClusterError:
    return ClusterError(
        "cluster-mismatch",
        what,
        where="scheduler",
        reason="a seed gives the same bytes everywhere only where the same code runs",
        hint="install the same versions on every worker, start the workers again",
    )


def describe_code() -> dict[str, str]:
    """What must be the same on client and workers: versions, and the digest of the code that simulates."""
    python = ".".join(platform.python_version_tuple()[:2])
    versions = {"python": python, "equipoise": equipoise_version(), **package_versions(_PACKAGES)}
    return versions | {"code": _code_digest()}


@cache
def _code_digest() -> str:
    """The first digits of the SHA-256 of the sources that decide the bytes of a chunk."""
    package = Path(__file__).parents[1]
    whole = hashlib.sha256()
    for name in _CODE:
        place = package / name
        for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
            whole.update(file.relative_to(package).as_posix().encode())
            whole.update(file.read_bytes())
    return whole.hexdigest()[:12]
