"""How figures look: a table in the terminal, or Markdown for the README.

Responsible for layout only: columns are scenarios, each with the commits that are compared.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from tests.bench.results import FIGURES, Figure, Figures, Report

NOTHING = "–"
MUCH = 0.1
"""A change of more than a tenth is coloured."""


def terminal_table(reports: Sequence[Report]) -> Table:
    """Older reports first; the last one is coloured against the one before it."""
    table = Table(title="Simulated callers, real time, real engines")
    table.add_column("")
    scenarios = list(reports[-1].scenarios)
    for scenario in scenarios:
        for report in reports:
            table.add_column(f"{scenario}\n{report.commit}", justify="right")
    for figure in FIGURES:
        cells = [_label(figure)]
        for scenario in scenarios:
            values = [report.scenarios.get(scenario, {}) for report in reports]
            cells += [_cell(figure, each) for each in values[:-1]]
            cells.append(_coloured(figure, values))
        table.add_row(*cells)
    return table


def markdown(report: Report) -> str:
    """The machine, and the table of one report."""
    scenarios = list(report.scenarios)
    lines = [
        ", ".join(f"{name} {value}" for name, value in report.machine.items())
        + f", commit {report.commit}",
        "",
        f"| | {' | '.join(scenarios)} |",
        "|---" * (len(scenarios) + 1) + "|",
    ]
    for figure in FIGURES:
        cells = [_cell(figure, report.scenarios[scenario]) for scenario in scenarios]
        lines.append(f"| {_label(figure)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _label(figure: Figure) -> str:
    return f"{figure.label}, {figure.unit}" if figure.unit else figure.label


def _cell(figure: Figure, figures: Figures) -> str:
    value = figures.get(figure.key)
    if value is None:
        return NOTHING
    return f"{value:.2f}" if figure.unit == "s" else f"{value:.0f}"


def _coloured(figure: Figure, columns: Sequence[Figures]) -> str:
    cell = _cell(figure, columns[-1])
    if len(columns) < 2 or not figure.better:
        return cell
    old, new = columns[-2].get(figure.key), columns[-1].get(figure.key)
    if old is None or new is None or abs(new - old) <= MUCH * max(abs(old), abs(new)):
        return cell
    return f"[green]{cell}[/]" if new < old else f"[red]{cell}[/]"
