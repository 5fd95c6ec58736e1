"""An SVG chart of ratios: a bar per case, to the right if wagraph is ahead."""

import math
from collections.abc import Mapping

WIDTH, ROW, TOP, LABELS, RIGHT = 760, 26, 48, 170, 20
AHEAD, BEHIND = "#2e8b57", "#c0562f"
INK = "#777777"
"""Readable on white and on black."""
_TEXT = f'font-family="sans-serif" font-size="13" fill="{INK}"'


def draw_chart(ratios: Mapping[str, float]) -> str:
    """Draws bars on a logarithmic scale: twice and half as fast are equally long."""
    reach = max([1.0, *(abs(math.log2(one)) for one in ratios.values())])
    half = (WIDTH - LABELS - RIGHT) / 2
    middle = LABELS + half
    height = TOP + ROW * len(ratios) + 12
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>wagraph compared with graphql-yoga</title>",
        f'<text x="{middle}" y="20" text-anchor="middle" {_TEXT}>'
        "← graphql-yoga ahead · wagraph ahead →</text>",
        f'<line x1="{middle}" y1="{TOP - 14}" x2="{middle}" y2="{height - 8}" stroke="{INK}"/>',
    ]
    for number, (name, ratio) in enumerate(ratios.items()):
        length = math.log2(ratio) / reach * (half - 45)
        lines += _draw_bar(name, ratio, middle=middle, length=length, top=TOP + ROW * number)
    return "\n".join([*lines, "</svg>", ""])


def _draw_bar(name: str, ratio: float, *, middle: float, length: float, top: int) -> list[str]:
    start, end = min(middle, middle + length), middle + length
    colour, side, gap = (AHEAD, "start", 6) if length >= 0 else (BEHIND, "end", -6)
    return [
        f'<text x="{LABELS - 10}" y="{top + 13}" text-anchor="end" {_TEXT}>{name}</text>',
        f'<rect x="{start:.1f}" y="{top}" width="{abs(length):.1f}" height="18" fill="{colour}"/>',
        f'<text x="{end + gap:.1f}" y="{top + 14}" text-anchor="{side}" {_TEXT}>'
        f"{ratio:.2f}×</text>",
    ]
