"""The function of a study that readers look at: two outputs that look like measurements and repeat. Beside a file `slowly` each call waits
about two milliseconds, so that two processes give a thousand results a second."""

import math
import os
import random
import time

SLOWLY = os.path.exists(os.path.join(os.path.dirname(os.path.abspath(__file__)), "slowly"))


def f(k1, k2, seed):
    if SLOWLY:
        time.sleep(0.0018)
    noise = random.Random(hash((k1, k2, seed))).random()
    return {"period": 2 + math.sin(3 * k1) * k2 + 0.1 * noise, "amplitude": 1000 * noise * k1}
