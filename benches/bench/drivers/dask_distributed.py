"""Dask distributed with 2 processes: a task a call, and a bag whose partitions hold 1,000 calls."""

import dask
import dask.bag
from distributed import Client, LocalCluster

from account import Account
from bench_function import f

if __name__ == "__main__":
    dask.config.set({"distributed.comm.retry.count": 0, "distributed.worker.daemon": True})
    with Account() as account:
        options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "host": "127.0.0.1"}
        with LocalCluster(dashboard_address=None, silence_logs=50, **options) as cluster, Client(cluster) as client:
            client.gather(client.map(f, range(2), pure=False))
            account.started()
            tasks = client.map(f, range(account.calls), pure=False)
            account.did("a task a call", account.calls, client.gather(tasks))
            del tasks
            calls = account.calls * 10
            bag = dask.bag.from_sequence(range(calls), partition_size=1000).map(f)
            account.did("bag, partitions of 1,000", calls, bag.compute())
