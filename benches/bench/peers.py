"""Finds what is compared, and installs what is missing by its package name. What cannot be had is named with the reason."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, List, Optional

# Name in tables → package; the same names serve `--peers`.
PACKAGES = {
    "joblib": "joblib",
    "Dask": "dask[distributed]",
    "Parsl": "parsl",
    "Ray": "ray",
    "Snakemake": "snakemake",
    "HyperQueue (Python)": "hyperqueue",
}


def cache() -> Path:
    """Where things outlive a run; also a directory that is on a real disk more often than /tmp is."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    path = Path(home) / "paramo"
    path.mkdir(parents=True, exist_ok=True)
    return path


def said(argv: List[str], limit: float = 900) -> tuple:
    """Whether a command succeeded, and its output."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, text=True
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, done.stdout.strip()


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no reason was given"


def install(*packages: str) -> None:
    """Asks for system packages, where there is apt-get and the right to use it."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qq", "-y", "--no-install-recommends"]
    if not said([*command, *packages])[0]:
        said([*root, "apt-get", "update", "-qq"])
        said([*command, *packages])


def program(name: str, *packages: str) -> Optional[str]:
    """Path of a program, installed if need be; `None` when it cannot be had."""
    if not shutil.which(name):
        install(*packages)
    return shutil.which(name)


@dataclass
class Peers:
    """Versions and paths of what is there, by name; reasons of what is not."""

    log: Callable[[str], None]
    wanted: Callable[[str], bool] = lambda name: True
    paths: Dict[str, str] = field(default_factory=dict)
    versions: Dict[str, str] = field(default_factory=dict)
    absent: Dict[str, str] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        return name in self.paths

    def find(self, given: Dict[str, Optional[str]]) -> None:
        """`given`: programs that come by path or from PATH and are never installed."""
        for name, path in given.items():
            self._program(name, path, "give its path, or have it on the PATH")
        self._program("xargs", program("xargs", "findutils"), "package findutils cannot be installed")
        self._program("GNU parallel", program("parallel", "parallel"), "package parallel cannot be installed")
        self._python_packages()

    def _program(self, name: str, path: Optional[str], otherwise: str) -> None:
        if not self.wanted(name):
            return
        if not path or not os.access(path, os.X_OK):
            self.absent[name] = f"not found: {otherwise}" if not path else f"{path} cannot be started"
            return
        self.paths[name] = os.path.abspath(path)
        asked = said([path, "--version"], 30) if name != "spawn-floor" else (False, "")
        self.versions[name] = asked[1].splitlines()[0] if asked[0] and asked[1] else ""

    def _python_packages(self) -> None:
        wanted = [name for name in PACKAGES if self.wanted(name)]
        if not wanted:
            return
        directory = cache() / "bench-venv"
        python = directory / "bin" / "python"
        if not said([str(python), "-m", "pip", "--version"])[0]:
            self.log(f"making {directory}")
            made, text = said([sys.executable, "-m", "venv", "--clear", str(directory)])
            if not made:
                install("python3-venv")
                made, text = said([sys.executable, "-m", "venv", "--clear", str(directory)])
            if not made:
                self.absent.update({name: f"python3 -m venv: {last_line(text)}" for name in wanted})
                return
        for name in wanted:
            package = PACKAGES[name]
            version = self._version(python, package)
            if version is None:
                self.log(f"installing {package}")
                done, text = said([str(python), "-m", "pip", "install", "--quiet", package])
                version = self._version(python, package) if done else None
                if version is None:
                    self.absent[name] = f"pip install {package}: {last_line(text)}"
                    continue
            self.paths[name], self.versions[name] = str(python), version

    @staticmethod
    def _version(python: Path, package: str) -> Optional[str]:
        base = package.partition("[")[0]
        # With extras the package that they bring is what has to be there.
        module = {"dask": "distributed"}.get(base, base)
        ok, text = said([str(python), "-c", f"import importlib.metadata as m; print('{module}', m.version('{module}'))"], 30)
        return text if ok else None
