"""Tables in Markdown, and the page between its markers."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Sequence

BEGIN = "<!-- measured: benches/run writes what follows -->"
END = "<!-- measured: end -->"


@dataclass
class Target:
    """What was promised, what was measured, and whether it holds."""

    promise: str
    wanted: str
    measured: str
    holds: bool


@dataclass
class Section:
    """One measurement: what it is, its table, its targets, and what has to be known to read it."""

    title: str
    text: str
    headers: Sequence[str] = ()
    rows: List[Sequence[str]] = field(default_factory=list)
    targets: List[Target] = field(default_factory=list)
    absent: Dict[str, str] = field(default_factory=dict)

    def markdown(self) -> str:
        parts = [f"### {self.title}", self.text]
        if self.rows:
            parts.append(table(self.headers, self.rows))
        if self.absent:
            parts.append("\n".join(f"- Not measured: {name} ({reason})." for name, reason in self.absent.items()))
        return "\n\n".join(parts)


def table(headers: Sequence[str], rows: List[Sequence[str]]) -> str:
    """The first column is words, the others are figures."""
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in [headers, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]

    def line(row):
        padded = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2)] + ["-" * (width + 1) + ":" for width in widths[1:]]) + "|"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])])


def figure(value: float) -> str:
    """Three significant digits, thousands with commas."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        magnitude = len(str(int(abs(value)))) - 3
        return f"{round(value / 10**magnitude) * 10**magnitude:,.0f}"
    text = f"{value:.3g}"
    return text if "e" not in text else f"{value:.6f}"


def page(about: List[str], sections: List[Section], absent: Dict[str, str]) -> str:
    targets = [target for section in sections for target in section.targets]
    verdict = [(t.promise, t.wanted, t.measured, "holds" if t.holds else "**missed**") for t in targets]
    parts = ["\n".join(f"- {line}" for line in about)]
    if absent:
        parts.append("Not there:\n\n" + "\n".join(f"- {name}: {reason}." for name, reason in absent.items()))
    if verdict:
        missed = sum(not target.holds for target in targets)
        summary = f"{len(targets)} targets, {missed} missed." if missed else f"{len(targets)} targets, all hold."
        parts += ["### Targets", summary, table(("target", "wanted", "measured", ""), verdict)]
    return "\n\n".join([*parts, *(section.markdown() for section in sections)]) + "\n"


def today() -> str:
    return datetime.date.today().isoformat()


def place(text: str, path: Path) -> None:
    """Replaces what is between the markers of a page; a page without them gets them at its end."""
    old = path.read_text() if path.exists() else "# Benchmarks\n"
    head, begin, rest = old.partition(BEGIN)
    _, end, foot = rest.partition(END)
    if begin and not end:
        raise ValueError(f"{path} has the line `{BEGIN}` but not `{END}`; put it where the measured part ends")
    if not begin:
        head, foot = head.rstrip("\n") + "\n\n", "\n"
    path.write_text(f"{head}{BEGIN}\n\n{text}\n{END}{foot}")
