"""Draws a flow as SVG: nodes from top to bottom, coloured by kind, arrows labelled with why.

Where the boxes stand is worked out by a layout library (the Sugiyama method); here is what they look
like. Names and texts of the flow are escaped: a picture can't carry a script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

import fast_sugiyama

from controller.dialogue.flow.model import Flow
from controller.dialogue.flow.nodes.base import RETURN, NodeModel
from controller.dialogue.model import Text

WIDTH, HEIGHT = 200, 58
GAP_X, GAP_Y = 36, 64
MARGIN = 24
MAX_CELLS = 30
"""Of a box's second line; a Chinese character takes two."""

COLOURS = {
    "say": "#dbeafe", "ask": "#fef3c7", "confirm": "#fde68a", "branch": "#e5e7eb", "set": "#f3f4f6",
    "tool": "#ede9fe", "agent": "#d1fae5", "transfer": "#fbcfe8", "hangup": "#fecaca",
}  # fmt: skip
ENTRY, OTHER = "#bbf7d0", "#ffffff"

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0f}" height="{h:.0f}" viewBox="0 0 {w:.0f} {h:.0f}" \
font-family="sans-serif" font-size="12" role="img">
<title>{title}</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" \
orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="#6b7280"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>"""


@dataclass(frozen=True, slots=True)
class _Box:
    title: str
    words: str
    colour: str
    entry: bool = False


@dataclass(frozen=True, slots=True)
class _Placed:
    """Middles of all boxes, the bends of each edge, and the size of it all."""

    spots: Mapping[str, tuple[float, float]]
    bends: Mapping[tuple[str, str], list[tuple[float, float]]]
    width: float
    height: float


def draw(flow: Flow, language: str) -> str:
    """The flow as an SVG document, its texts in `language` (one of the flow's)."""
    boxes = dict(_boxes(flow, language))
    edges = _edges(flow)
    placed = _place(edges)
    parts = [_HEAD.format(w=placed.width, h=placed.height, title=escape(flow.flow))]
    labels: list[str] = []
    for (start, end), names in edges.items():
        line, label = _arrow(placed, start, end, "" if names == ["next"] else " / ".join(names))
        parts.append(line)
        labels.append(label)
    parts += [_box(boxes[name], *spot) for name, spot in placed.spots.items() if name in boxes]
    return "\n".join([*parts, *filter(None, labels), "</svg>", ""])


def _boxes(flow: Flow, language: str) -> Iterator[tuple[str, _Box]]:
    for name, entry in _entries(flow):
        yield entry, _Box(name, "", ENTRY, entry=True)
    for name, node in flow.nodes.items():
        kind = str(getattr(node, "kind", ""))
        yield name, _Box(f"{name} · {kind}", _first_words(node, language), COLOURS.get(kind, OTHER))


def _entries(flow: Flow) -> Iterator[tuple[str, str]]:
    """(what a caller does, name of its box). No node's name begins with a blank."""
    yield "the call begins", " start"
    if flow.give_up:
        yield "not understood", " give_up"
    for intent in flow.intents:
        yield f"caller: {intent.value}", f" intent {intent.value}"
    for index, digression in enumerate(flow.digressions):
        words = next(iter(digression.words.values()), ())
        said = f"“{_shortened(words[0], 18)}”" if words else str(digression.intent or "")
        yield f"caller: {said}", f" digression {index}"


def _edges(flow: Flow) -> dict[tuple[str, str], list[str]]:
    """(from, to) → the fields that lead there."""
    edges: dict[tuple[str, str], list[str]] = {(" start", flow.start): []}
    if flow.give_up:
        edges[" give_up", flow.give_up] = []
    for intent, target in flow.intents.items():
        edges[f" intent {intent.value}", target] = []
    for index, digression in enumerate(flow.digressions):
        edges[f" digression {index}", digression.start] = []
    for name, node in flow.nodes.items():
        for field, target in node.targets():
            if target != RETURN:
                edges.setdefault((name, target), []).append(_label(node, field))
    return edges


def _label(node: NodeModel, field: str) -> str:
    parts = field.removesuffix(".next").split(".")
    if parts[0] == "cases" and len(parts) > 1 and parts[1].isdigit():
        case = node.model_dump(mode="json", exclude_defaults=True)["cases"][int(parts[1])]
        shown = {key: value for key, value in case.items() if key != "next"}
        words = ", ".join(f"{key.replace('_', ' ')} {_scalar(value)}" for key, value in shown.items())
        return _shortened(words, 26)
    return " ".join(parts).replace("_", " ")


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _first_words(node: NodeModel, language: str) -> str:
    for key in ("prompt", "say", "goal"):
        text = getattr(node, key, None)
        if isinstance(text, Text):
            return _shortened(text.of(language), MAX_CELLS)
    for key in ("tool", "slot", "when", "target", "agent"):
        if isinstance(value := getattr(node, key, None), str):
            return _shortened(value, MAX_CELLS)
    return ""


def _shortened(text: str, cells: int) -> str:
    line, used = "", 0
    for letter in " ".join(text.split()):
        used += 2 if letter > "\u2e7f" else 1
        if used > cells:
            return line.rstrip() + "…"
        line += letter
    return line


# --- where things are -----------------------------------------------------------------------


def _place(edges: Mapping[tuple[str, str], list[str]]) -> _Placed:
    """Parts of the flow that nothing connects stand side by side."""
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    number = {name: index for index, name in enumerate(names)}
    layouts = fast_sugiyama.from_edges(
        [(number[start], number[end]) for start, end in edges if start != end],
        minimum_length=1,
        vertex_spacing=1,
        dummy_vertices=True,
        dummy_size=0.6,
    )
    spots: dict[int, tuple[float, float]] = {}
    joins: list[tuple[int, int]] = []
    left = bottom = 0.0
    for positions, _, _, its_edges in layouts:
        at = {int(key): spot for key, spot in positions}
        low, high = min(x for x, _ in at.values()), max(x for x, _ in at.values())
        top = max(y for _, y in at.values())
        for key, (x, y) in at.items():
            spots[key] = (left + x - low, top - y)
            bottom = max(bottom, top - y)
        left += high - low + 1
        joins += [(int(a), int(b)) for a, b in its_edges or ()]
    scaled = {key: _scale(*spot) for key, spot in spots.items()}
    width, height = _scale(max(left - 1, 0), bottom)
    return _Placed(
        {name: scaled[index] for name, index in number.items() if index in scaled},
        {
            (names[a], names[b]): [scaled[bend] for bend in bends]
            for (a, b), bends in _chains(joins, len(names)).items()
        },
        width + WIDTH / 2 + MARGIN,
        height + HEIGHT / 2 + MARGIN,
    )


def _scale(x: float, y: float) -> tuple[float, float]:
    return MARGIN + WIDTH / 2 + x * (WIDTH + GAP_X), MARGIN + HEIGHT / 2 + y * (HEIGHT + GAP_Y)


def _chains(joins: list[tuple[int, int]], real: int) -> dict[tuple[int, int], list[int]]:
    """(from, to) → the bends between, for edges over several layers; a bend has a number of its own."""
    after = {a: b for a, b in joins if a >= real}
    chains: dict[tuple[int, int], list[int]] = {}
    for start, following in joins:
        if start < real <= following:
            bends = [following]
            while (end := after[bends[-1]]) >= real:
                bends.append(end)
            chains[start, end] = bends
            chains[end, start] = bends[::-1]
    return chains


# --- what things look like ------------------------------------------------------------------


def _box(box: _Box, x: float, y: float) -> str:
    height = 30 if box.entry else HEIGHT
    title_y = y + 4 if box.entry or not box.words else y - 6
    parts = [
        f'<rect x="{x - WIDTH / 2:.0f}" y="{y - height / 2:.0f}" width="{WIDTH}" height="{height}" '
        f'rx="{height / 2 if box.entry else 8:.0f}" fill="{box.colour}" stroke="#6b7280"/>',
        f'<text x="{x:.0f}" y="{title_y:.0f}" text-anchor="middle" font-weight="bold">'
        f"{escape(_shortened(box.title, MAX_CELLS))}</text>",
    ]
    if box.words:
        parts.append(
            f'<text x="{x:.0f}" y="{y + 13:.0f}" text-anchor="middle" fill="#374151">'
            f"{escape(box.words)}</text>"
        )
    return "\n".join(parts)


def _arrow(placed: _Placed, start: str, end: str, label: str) -> tuple[str, str]:
    """Line and label. Down through the bends; upwards at the side; boxes cover what passes behind."""
    (x1, y1), (x2, y2) = placed.spots[start], placed.spots[end]
    half = HEIGHT / 2
    tall = 15 if start.startswith(" ") else half
    bends = placed.bends.get((start, end), [])
    if y2 > y1:
        points = [(x1, y1 + tall), *bends, (x2, y2 - half)]
        path = f"M{x1:.0f} {y1 + tall:.0f}" + "".join(map(_curve, points, points[1:]))
        at = _beside(points[0], points[1])
    else:
        side = WIDTH / 2
        out = max(x1, x2) + side + 30
        start_x, end_x = x1 + side, x2 + side
        path = f"M{start_x:.0f} {y1:.0f}C{out:.0f} {y1:.0f} {out:.0f} {y2:.0f} {end_x:.0f} {y2:.0f}"
        at = (out - 8, (y1 + y2) / 2)
    line = f'<path d="{path}" fill="none" stroke="#6b7280" stroke-width="1.3" marker-end="url(#arrow)"/>'
    if not label:
        return line, ""
    return line, (
        f'<text x="{at[0]:.0f}" y="{at[1]:.0f}" text-anchor="middle" font-size="11" fill="#1f2937" '
        f'stroke="#ffffff" stroke-width="5" paint-order="stroke">{escape(label)}</text>'
    )


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    middle = (start[1] + end[1]) / 2
    return f"C{start[0]:.0f} {middle:.0f} {end[0]:.0f} {middle:.0f} {end[0]:.0f} {end[1]:.0f}"


def _beside(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    return (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 4
