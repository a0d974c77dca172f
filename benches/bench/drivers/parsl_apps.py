"""Parsl's HighThroughputExecutor with 2 workers: Python functions, or `bash_app`s when a program is given."""

import os

import parsl
from parsl import bash_app, python_app
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

from account import Account


@python_app
def call(x):
    # Parsl's workers do not have this directory on their path: they get the function's text.
    import math

    return math.sin(x)


@bash_app
def program(words, stdout=os.devnull, stderr=os.devnull):
    return words


if __name__ == "__main__":
    with Account() as account:
        executor = HighThroughputExecutor(
            label="bench",
            address="127.0.0.1",
            loopback_address="127.0.0.1",
            max_workers_per_node=2,
            encrypted=False,
            provider=LocalProvider(init_blocks=1, max_blocks=1),
        )
        with parsl.load(Config(executors=[executor], run_dir="parsl", strategy="none", usage_tracking=0)):
            [future.result() for future in [call(x) for x in range(2)]]
            account.started()
            if account.arguments:
                futures = [program(f"{account.arguments[0]} {x}") for x in range(account.calls)]
                [future.result() for future in futures]
                account.did("bash_app", account.calls)
            else:
                futures = [call(x) for x in range(account.calls)]
                account.did("python_app", account.calls, [future.result() for future in futures])
