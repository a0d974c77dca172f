"""HyperQueue's server and one worker with 2 CPUs in a process, through its Python package: a job of many programs."""

import sys

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

from account import Account


def run(client, program, calls):
    job = Job()
    for x in range(calls):
        # Without these it writes two files a task.
        job.program([program, str(x)], stdout=None, stderr=None)
    submitted = client.submit(job)
    if not client.wait_for_jobs([submitted], raise_on_error=False):
        sys.exit("a task has failed")


if __name__ == "__main__":
    with Account() as account, LocalCluster(worker_config=WorkerConfig(cores=2)) as cluster:
        client = cluster.client()
        run(client, account.arguments[0], 2)
        account.started()
        run(client, account.arguments[0], account.calls)
        account.did("no output kept, no journal", account.calls)
