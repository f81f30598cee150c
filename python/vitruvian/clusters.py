"""Where independent simulations run: worker processes of Dask, on this machine or behind a user's scheduler.

    connect(None | int | "tcp://host:8786" | Client) --> Client, closed again only where it was opened here
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from typing import Iterator

from . import _core

_CONNECT_SECONDS = 15


def _local_cluster(workers: int):
    """A scheduler in this process and `workers` single-threaded worker processes, each under a nanny that replaces it when it dies.

    Started as programs and not by multiprocessing: a script needs no `if __name__ == "__main__"` for it. They end with this process.
    """
    from distributed import Scheduler
    from distributed.deploy.spec import SpecCluster
    from distributed.deploy.subprocess import SubprocessWorker

    class QuietWorker(SubprocessWorker):
        async def _start(self) -> None:
            spec = json.dumps({"cls": self.worker_class, "opts": self.worker_kwargs})
            # What this process can import, its workers can; what they log below an error is of no interest here.
            importable = os.pathsep.join(path for path in sys.path if path)
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "dask", "spec", self.scheduler, "--spec", spec, stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": importable, "DASK_LOGGING__DISTRIBUTED": "critical"})

    worker = {"cls": QuietWorker, "options": {"worker_kwargs": {"nthreads": 1, "memory_limit": 0, "dashboard": False}}}
    scheduler = {"cls": Scheduler, "options": {"host": "127.0.0.1", "port": 0, "dashboard": False, "dashboard_address": "127.0.0.1:0"}}
    return SpecCluster(scheduler=scheduler, workers=dict.fromkeys(range(workers), worker), name="vitruvian", silence_logs=logging.CRITICAL)


@contextlib.contextmanager
def connect(cluster=None, most: int | None = None) -> Iterator:
    """A Client. cluster: None (a worker for each core), how many workers, a scheduler's address, a Client or a Dask cluster; most: no
    more local workers than this.

    Errors: vt.Error where no scheduler answers at the address."""
    from distributed import Client

    if isinstance(cluster, Client):
        yield cluster
        return
    if cluster is None or (isinstance(cluster, int) and not isinstance(cluster, bool)):
        workers = len(os.sched_getaffinity(0)) if cluster is None else cluster
        if workers < 1:
            _core.fail("a local cluster needs a worker", "cluster", "1 or more, a scheduler's address or a Client", str(cluster))
        with _local_cluster(min(workers, most or workers)) as local, Client(local, set_as_default=False) as client:
            client.wait_for_workers(1)
            yield client
        return
    try:
        client = Client(cluster, set_as_default=False, timeout=_CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        _core.fail("no Dask scheduler answers", "cluster", "the address of a running scheduler, such as tcp://host:8786", f"{cluster!r}: {error}")
    with client:
        yield client
