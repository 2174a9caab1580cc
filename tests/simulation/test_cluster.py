"""Simulated trials on a Dask cluster: the bytes of this machine, and words for everything that can go wrong there."""

import importlib.util
import os
import sys
import time
from contextlib import contextmanager

import pytest

import equipoise as eq
from equipoise.errors import ArgumentError, ClusterError, MissingExtraError
from equipoise.frames.results import ResultTable
from equipoise.provenance import package_versions
from equipoise.simulation import cluster
from equipoise.simulation.operating import simulate
from equipoise.simulation.scenario_grid import simulate_grid
from imagined_trials import general_model, small_model, stratified_model

TRIALS = 20_000


@contextmanager
def _cluster(workers: int, **options):
    from distributed import LocalCluster

    settings = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0", "silence_logs": 50}
    with LocalCluster(n_workers=workers, **(settings | options)) as found:
        yield found


@pytest.fixture(scope="module")
def three_workers():
    with _cluster(3) as found:
        yield found


@pytest.fixture(scope="module")
def one_worker():
    with _cluster(1) as found:
        yield found


@pytest.mark.parametrize("model", [small_model(), stratified_model()], ids=["small", "stratified"])
def test_the_same_bytes_on_one_worker_three_workers_and_any_threads(one_worker, three_workers, model):
    here = [simulate(model, trials=TRIALS, seed=11, threads=threads, course=0) for threads in (1, 2)]
    there = [
        simulate(model, trials=TRIALS, seed=11, scheduler=each.scheduler_address, chunk=2048, course=0)
        for each in (one_worker, three_workers)
    ]
    assert len({found.digest for found in here + there}) == 1
    for part in ("decisions", "crossed", "histograms", "missing", "sums", "at_stop"):
        assert len({getattr(found.tally, part).tobytes() for found in here + there}) == 1
    assert [found.timing.threads for found in there] == [1, 3]


def test_the_general_engine_there_too(three_workers):
    there = simulate(general_model(), trials=2048, seed=3, scheduler=three_workers.scheduler_address, course=0)
    assert there.digest == simulate(general_model(), trials=2048, seed=3, threads=1, course=0).digest


def test_the_executor_of_a_dask_client_will_do(three_workers):
    from distributed import Client

    with Client(three_workers.scheduler_address, set_as_default=False) as client:
        there = simulate(small_model(), trials=TRIALS, seed=11, executor=client.get_executor(), course=0)
    assert there.digest == simulate(small_model(), trials=TRIALS, seed=11, threads=2, course=0).digest


def test_a_grid_has_the_same_bytes(three_workers):
    given = {"hazard_ratios": [0.5, 0.8, 1.0], "trials": 5000, "seed": 4}
    there = simulate_grid(small_model(), scheduler=three_workers.scheduler_address, **given)
    here = simulate_grid(small_model(), threads=2, **given)
    assert {hr: there[hr].digest for hr in there.results} == {hr: here[hr].digest for hr in (0.5, 0.8, 1.0)}
    assert there.to_rows() == here.to_rows()


def test_a_progress_bar_hears_of_every_trial(three_workers):
    heard = []
    simulate(
        small_model(), trials=TRIALS, seed=3, scheduler=three_workers.scheduler_address, chunk=1024, course=0,
        notify=lambda *said: heard.append(said),
    )  # fmt: skip
    assert heard[-1][:2] == (TRIALS, TRIALS)
    assert heard[-1][2] > 0.0
    assert [done for done, _, _ in heard] == sorted({done for done, _, _ in heard})


def test_interrupted_is_partial_and_a_prefix(three_workers):
    def interrupt(done: int, trials: int, rate: float) -> None:
        raise KeyboardInterrupt

    found = simulate(
        small_model(), trials=200_000, seed=3, scheduler=three_workers.scheduler_address, chunk=1024, notify=interrupt
    )
    assert (found.trials, found.partial, found.course) == (1024, True, None)
    assert found.digest == simulate(small_model(), trials=1024, seed=3, course=0).digest
    row = ResultTable(found.to_rows()).one(parameter="run", statistic="partial")
    assert (row.value, row.warning) == (1.0, "Partial: interrupted after 1,024 of 200,000 trials.")


def test_nothing_is_left_on_the_cluster(three_workers):
    from distributed import Client

    simulate(small_model(), trials=4096, seed=3, scheduler=three_workers.scheduler_address, course=0)
    with Client(three_workers.scheduler_address, set_as_default=False) as client:
        ends = time.monotonic() + 10.0
        while client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) and time.monotonic() < ends:
            time.sleep(0.1)
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0


def test_the_command_line_has_the_same_numbers(three_workers, equipoise_command):
    import json

    said = [
        equipoise_command("simulate", "palmira", "--trials", "20000", "--json", *more)
        for more in (("--scheduler", three_workers.scheduler_address), ("--threads", "1"))
    ]
    assert [each.status for each in said] == [0, 0], said[0].err
    rows = [[row for row in json.loads(each.out)["rows"] if row["parameter"] != "run"] for each in said]
    assert rows[0] == rows[1]


@pytest.mark.slow
def test_a_worker_that_dies_costs_nothing():
    import signal

    with _cluster(2) as found:
        pids = [worker.pid for worker in found.workers.values()]

        def kill(done: int, trials: int, rate: float) -> None:
            if pids:
                os.kill(pids.pop(), signal.SIGKILL)
                pids.clear()

        there = simulate(
            small_model(), trials=60_000, seed=11, scheduler=found.scheduler_address, chunk=1024, course=0, notify=kill
        )
    assert not pids
    assert there.digest == simulate(small_model(), trials=60_000, seed=11, threads=2, course=0).digest


@pytest.mark.slow
def test_trials_that_every_worker_dies_of_are_said(tmp_path, monkeypatch):
    # The workers must be able to load what they are sent.
    (tmp_path / "deadly.py").write_text("import os\n\ndef die(*_):\n    os._exit(1)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import dask
    import deadly  # pyright: ignore[reportMissingImports]

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        _cluster(1, env={"PYTHONPATH": str(tmp_path)}) as found,
        cluster.executor_of(found.scheduler_address, None) as pool,
        pytest.raises(ClusterError, match=r"cluster-lost\].*the workers that took the same trials all died"),
    ):
        assert pool is not None
        pool.submit(deadly.die, 0, 1024).result()


@pytest.mark.slow
def test_no_worker_left_is_said(monkeypatch):
    monkeypatch.setattr(cluster, "WORKERS_WITHIN", 1.0)
    with _cluster(1) as found, cluster.executor_of(found.scheduler_address, None) as pool:
        assert pool is not None
        waiting = pool.submit(time.sleep, 60)
        found.scale(0)
        with pytest.raises(ClusterError, match=r"cluster-lost\].*no worker is left, for 1 seconds"):
            waiting.result()


@pytest.mark.slow
def test_a_scheduler_that_goes_away_is_said():
    with _cluster(1) as found, cluster.executor_of(found.scheduler_address, None) as pool:
        assert pool is not None
        waiting = pool.submit(time.sleep, 60)
        found.close(timeout=5)
        with pytest.raises(ClusterError, match=r"cluster-lost\].*(went away|does not answer any more)"):
            waiting.result()


def test_no_worker_at_all_is_said(monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_WITHIN", 1.0)
    with _cluster(0) as found, pytest.raises(ClusterError, match=r"cluster-unreachable\].*has no worker"):
        simulate(small_model(), trials=2000, seed=1, scheduler=found.scheduler_address)


def test_no_scheduler_there_is_said(monkeypatch, equipoise_command):
    monkeypatch.setattr(cluster, "ANSWER_WITHIN", 1.0)
    refused = equipoise_command("simulate", "palmira", "--scheduler", "tcp://127.0.0.1:9")
    assert refused.status == 2
    assert "[cluster-unreachable] no Dask scheduler answers at 'tcp://127.0.0.1:9'" in refused.err
    for odd in ("not an address", "gopher://127.0.0.1:9"):
        with pytest.raises(ClusterError, match=r"cluster-unreachable\] no Dask scheduler answers"):
            simulate(small_model(), trials=2000, seed=1, scheduler=odd)


def test_other_versions_on_a_worker_are_refused(one_worker, monkeypatch):
    own = cluster.describe_code()
    # What is said of this process changes; the workers' word is their own.
    monkeypatch.setattr(cluster, "package_versions", lambda names: {**package_versions(names), "numpy": "1.0"})
    monkeypatch.setattr(cluster, "_code_digest", lambda: "0123")
    said = rf"cluster-mismatch\] worker .* runs numpy {own['numpy']} \(here 1\.0\), code [0-9a-f]{{12}} \(here 0123\)"
    with pytest.raises(ClusterError, match=said):
        simulate(small_model(), trials=2000, seed=1, scheduler=one_worker.scheduler_address)


def test_a_worker_without_equipoise_is_refused(one_worker, tmp_path, monkeypatch):
    file = tmp_path / "only_here.py"
    file.write_text("def describe():\n    return {}\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("only_here", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "only_here", module)
    monkeypatch.setattr(cluster, "describe_code", module.describe)
    with pytest.raises(ClusterError, match=r"cluster-mismatch\] a worker cannot load equipoise \(.*No module named"):
        simulate(small_model(), trials=2000, seed=1, scheduler=one_worker.scheduler_address)


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"extra-missing\].*\n.*\n.*\n.*pip install 'equipoise\[cluster\]'"):
        eq.simulate("palmira", trials=2000, scheduler="tcp://127.0.0.1:8786")


def test_a_scheduler_or_an_executor(one_worker):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool, pytest.raises(ArgumentError, match="a scheduler or an executor, not both"):
        simulate(small_model(), trials=2000, seed=1, scheduler=one_worker.scheduler_address, executor=pool)
    with pytest.raises(ArgumentError, match="the address of a Dask scheduler"):
        simulate(small_model(), trials=2000, seed=1, scheduler=" ")
