"""multiprocessing.Pool with 2 processes: the floor under every system that calls Python functions."""

import multiprocessing

from account import Account
from bench_function import f

if __name__ == "__main__":
    with Account() as account, multiprocessing.Pool(2) as pool:
        pool.map(f, range(2))
        account.started()
        account.did("map, chunks of 1,000", account.calls, pool.map(f, range(account.calls), chunksize=1000))
