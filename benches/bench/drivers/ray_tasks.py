"""Ray with 2 CPUs: a task a call, and tasks of 1,000 calls."""

import itertools
import shutil
import tempfile

import ray

from account import Account
from bench_function import f


@ray.remote
def call(x):
    return f(x)


@ray.remote
def call_many(xs):
    return [f(x) for x in xs]


if __name__ == "__main__":
    # The names of Ray's sockets are long, and the length of a socket's name is limited.
    directory = tempfile.mkdtemp(prefix="ray-")
    try:
        with Account() as account:
            ray.init(
                num_cpus=2,
                include_dashboard=False,
                object_store_memory=100 * 1024 * 1024,
                log_to_driver=False,
                logging_level="ERROR",
                _node_ip_address="127.0.0.1",
                _temp_dir=directory,
            )
            ray.get([call.remote(x) for x in range(2)])
            account.started()
            account.did("a task a call", account.calls, ray.get([call.remote(x) for x in range(account.calls)]))
            calls = account.calls * 20
            tasks = [call_many.remote(range(x, x + 1000)) for x in range(0, calls, 1000)]
            account.did("tasks of 1,000 calls", calls, list(itertools.chain.from_iterable(ray.get(tasks))))
            ray.shutdown()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
