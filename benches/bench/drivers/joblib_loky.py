"""joblib with its default back end (loky), 2 processes, batches as it chooses them."""

from joblib import Parallel, delayed

from account import Account
from bench_function import f

if __name__ == "__main__":
    with Account() as account, Parallel(n_jobs=2) as parallel:
        parallel(delayed(f)(x) for x in range(2))
        account.started()
        results = parallel(delayed(f)(x) for x in range(account.calls))
        account.did("loky, automatic batches", account.calls, results)
