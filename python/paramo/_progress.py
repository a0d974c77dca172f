"""A line that says how far a study is: in a terminal, or in a notebook."""

import sys
import time

_WIDTH = 30
# Terminals and notebooks are drawn no more often than this, in seconds.
_PACE = 0.1


def shown(wanted):
    """A bar, as ``wanted``: ``None`` shows one where somebody can see it."""
    if wanted is False:
        return _Hidden()
    notebook = _notebook()
    if notebook is not None:
        return _Notebook(notebook)
    if wanted or sys.stderr.isatty():
        return _Terminal()
    return _Hidden()


def words(name, progress):
    """What the line says, and how far it is, from 0 to 1."""
    points = (progress.get("points") or 0) - (progress.get("left_out") or 0)
    done = (progress.get("succeeded") or 0) + (progress.get("failed") or 0)
    part = done / points if points else 1.0
    text = f"{name}  {done:,} of {points:,}"
    if progress.get("failed"):
        text += f"  {progress['failed']:,} failed"
    if progress.get("paused"):
        text += "  paused"
    rate = progress.get("runs_per_second") or 0
    if rate and done < points:
        text += f"  {rate:.3g}/s"
    left = progress.get("remaining_seconds")
    if left and done < points:
        text += f"  {_time(left)} left"
    return text, min(part, 1.0)


def _time(seconds):
    seconds = int(seconds + 0.5)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


class _Hidden:
    def say(self, name, progress, last=False):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class _Paced(_Hidden):
    def __init__(self):
        self._at = float("-inf")

    def say(self, name, progress, last=False):
        now = time.monotonic()
        if progress and (last or now - self._at >= _PACE):
            self._at = now
            self.draw(*words(name, progress))


class _Terminal(_Paced):
    def __init__(self):
        super().__init__()
        self._drawn = False

    def draw(self, text, part):
        full = int(part * _WIDTH)
        sys.stderr.write(f"\r\x1b[2K{'█' * full}{'░' * (_WIDTH - full)} {text}")
        sys.stderr.flush()
        self._drawn = True

    def __exit__(self, *_):
        if self._drawn:
            sys.stderr.write("\n")


class _Notebook(_Paced):
    def __init__(self, display):
        super().__init__()
        self._display, self._html = display
        self._handle = None

    def draw(self, text, part):
        bar = self._html(f'<progress max="1" value="{part:.4f}" style="width:20em"></progress> <code>{text}</code>')
        if self._handle is None:
            self._handle = self._display(bar, display_id=True)
        else:
            self._handle.update(bar)


def _notebook():
    """How to show something in the notebook that this runs in; ``None`` elsewhere."""
    if "IPython" not in sys.modules:
        return None
    try:
        from IPython import get_ipython
        from IPython.display import HTML, display
    except ImportError:
        return None
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    return display, HTML
