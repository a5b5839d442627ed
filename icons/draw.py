#!/usr/bin/env python3
"""Writes the SVG sources of the icons; `make icons` makes the pictures out of them.

The mark is a gate between two banks, with water below it. What the tray shows: the gate is up while tasks copy, half up
while they catch up, down while nothing runs; a bar across it says that something failed (red) or is being retried.
"""
from pathlib import Path

HERE = Path(__file__).parent
BANK, GATE, WATER = "#8b9aa3", "#14a0ad", "#37c0cc"
RED, AMBER = "#e5484d", "#f0a020"


def tray(gate_top: float, gate_height: float, flows: bool, bar: str | None = None, gate: str = GATE) -> str:
    water = (
        f'<path d="M1.6 20.6c1.75-1.5 3.45-1.5 5.2 0s3.45 1.5 5.2 0 3.45-1.5 5.2 0 3.45 1.500 5.2 0" '
        f'stroke="{WATER}" stroke-width="2.3" stroke-linecap="round"/>'
        if flows
        else f'<path d="M1.6 20.6c1.2-1.1 2.3-1.3 3.4-.7" stroke="{WATER}" stroke-width="2.3" stroke-linecap="round"/>'
    )
    across = (
        f'<path d="M3.200 19.400 20.800 4.600" stroke="#fff" stroke-width="5.200" stroke-linecap="round"/>'
        f'<path d="M3.200 19.400 20.800 4.600" stroke="{bar}" stroke-width="3.200" stroke-linecap="round"/>'
        if bar
        else ""
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none">'
        f'<path d="M4.500 2v17.500M19.500 2v17.500" stroke="{BANK}" stroke-width="2.600" stroke-linecap="round"/>'
        f'<rect x="7.400" y="{gate_top}" width="9.200" height="{gate_height}" rx="1.200" fill="{gate}"/>'
        f"{water}{across}</svg>\n"
    )


APP = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1024 1024" fill="none">
<defs>
<linearGradient id="ground" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#12394a"/><stop offset="1" stop-color="#0a2530"/></linearGradient>
<linearGradient id="gate" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#43cfd9"/><stop offset="1" stop-color="#149aa8"/></linearGradient>
<clipPath id="tile"><rect x="64" y="64" width="896" height="896" rx="208"/></clipPath>
</defs>
<rect x="64" y="64" width="896" height="896" rx="208" fill="url(#ground)"/>
<g clip-path="url(#tile)">
<path d="M40 742c98-70 196-70 294 0s196 70 294 0 196-70 294 0 196 70 294 0v300H40z" fill="#1db0bd" fill-opacity=".32"/>
<path d="M40 742c98-70 196-70 294 0s196 70 294 0 196-70 294 0 196 70 294 0" stroke="#5fe0e8" stroke-width="52" stroke-linecap="round"/>
</g>
<path d="M300 224v640M724 224v640" stroke="#eef6f8" stroke-width="84" stroke-linecap="round"/>
<rect x="366" y="214" width="292" height="372" rx="32" fill="url(#gate)"/>
<path d="M432 312h160M432 400h160M432 488h160" stroke="#0a2530" stroke-opacity=".38" stroke-width="26" stroke-linecap="round"/>
</svg>
"""

(HERE / "sluice.svg").write_text(APP)
(HERE / "tray-open.svg").write_text(tray(2, 7.5, flows=True))
(HERE / "tray-half.svg").write_text(tray(4.5, 10, flows=True))
(HERE / "tray-closed.svg").write_text(tray(4, 15.6, flows=False, gate=BANK))
(HERE / "tray-abnormal.svg").write_text(tray(4.5, 10, flows=True, bar=AMBER))
(HERE / "tray-failed.svg").write_text(tray(4, 15.6, flows=False, bar=RED, gate=BANK))
