"""What a browser can tell of a page that no reading of the file can: sizes, places, focus."""

from __future__ import annotations

import json
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from browser_states import FULL

# Rules that axe leaves off by default: targets of 24 px (WCAG 2.2 AA).
AXE_OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
# Rules that ask how every letter is drawn; all others ask how the page is built.
BY_LETTER = ["color-contrast", "link-in-text-block"]
BUILD = AXE_OPTIONS | {"rules": {"target-size": {"enabled": True}}
                       | {name: {"enabled": False} for name in BY_LETTER}}  # fmt: skip
LETTERS = AXE_OPTIONS | {"runOnly": BY_LETTER}

# Marks one of all letters that stand alike: inside the same tags, classes and styles. Letters of a
# chart lie on whatever is drawn there, so they are all marked.
MARK = """
() => {
  const seen = new Set();
  const mark = (e, above) => {
    const inside = [...e.attributes]
      .filter(one => /^(class|style|role|(row|col)span)$/.test(one.name))
      .reduce((told, one) => told + ' ' + one.name + '=' + one.value, above + '>' + e.tagName);
    const letters = [...e.childNodes].some(part => part.nodeType === 3 && part.data.trim());
    e.toggleAttribute('data-marked', letters && (!!e.closest('svg') || !seen.has(inside)));
    if (letters) seen.add(inside);
    for (const part of e.children) mark(part, inside);
  };
  mark(document.body, '');
}
"""
MARKED = {"include": ["[data-marked]"]}

# Cells that a reader may have to look at, and where they end.
CUT_CELLS = """
() => {
  const hidden = [...document.querySelectorAll('.vh')];
  hidden.forEach(e => { e.style.display = 'none'; });
  const found = [...document.querySelectorAll('th, td')]
  .filter(cell => cell.checkVisibility() && !cell.closest('.oa-stack thead'))
  .map(cell => {
    let box = cell.getBoundingClientRect(), left = 0, right = document.documentElement.clientWidth;
    for (let up = cell.parentElement; up; up = up.parentElement) {
      const overflow = getComputedStyle(up).overflowX;
      if (overflow !== 'visible') {
        const frame = up.getBoundingClientRect();
        left = Math.max(left, frame.left); right = Math.min(right, frame.right);
      }
    }
    const text = document.createRange(); text.selectNodeContents(cell);
    const inside = text.getBoundingClientRect();
    const over = Math.max(box.right, inside.right) - right;
    return [cell.textContent.trim().slice(0, 40), Math.max(over, left - box.left)];
  })
  .filter(([, over]) => over > 0.5);
  hidden.forEach(e => { e.style.display = ''; });
  return found;
}
"""

CHART_TEXTS = """
() => [...document.querySelectorAll('.oa-chart svg')]
  .filter(chart => chart.checkVisibility())
  .map(chart => {
    const frame = chart.getBoundingClientRect();
    return {
      left: frame.left, right: frame.right, top: frame.top, bottom: frame.bottom,
      texts: [...chart.querySelectorAll('text')].map(text => {
        const matrix = text.getScreenCTM(), box = text.getBoundingClientRect();
        const scale = Math.hypot(matrix.a, matrix.b);
        return {
          text: text.textContent, size: parseFloat(getComputedStyle(text).fontSize) * scale,
          left: box.left, right: box.right, top: box.top, bottom: box.bottom,
        };
      }),
    };
  })
"""

WIDEST = """
() => {
  const room = document.documentElement.clientWidth;
  const over = [...document.querySelectorAll('body *')]
    .filter(e => e.checkVisibility() && !e.closest('.skip, .vh, thead, svg'))
    .filter(e => e.getBoundingClientRect().right > room + 0.5)
    .map(e => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 40));
  const scrolls = document.documentElement.scrollWidth > room;
  return scrolls ? ['the page scrolls sideways', ...over.slice(0, 5)] : over.slice(0, 5);
}
"""

FOCUSABLE = """
() => [...document.querySelectorAll('a[href], summary, button, input, [tabindex="0"]')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .map(e => e.textContent.trim().slice(0, 60))
"""

# Notes each element that takes the focus, as it is drawn then.
FOLLOW = """
() => {
  window.visited = [];
  document.addEventListener('focusin', ({target}) => {
    const style = getComputedStyle(target), box = target.getBoundingClientRect();
    visited.push({
      name: target.textContent.trim().slice(0, 60),
      outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
      seen: box.width > 0 && box.right > 0 && box.left < innerWidth,
    });
  });
}
"""


def axe_violations(page: Any, *, built: bool = True) -> dict[str, list[Any]]:
    """What axe finds wrong: targets by rule. It is brought to a page once.

    Axe compares a letter with all that lies below it, which takes it nine tenths of its time;
    short runs have it look at one of all letters that stand alike, and do not ask how a page is
    built where the caller has asked that of all its parts.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    if FULL:
        return _axe(page, AXE_OPTIONS)
    found = _axe(page, BUILD) if built else {}
    page.evaluate(MARK)
    return found | _axe(page, LETTERS, MARKED)


def _axe(page: Any, options: dict[str, Any], context: Any = None) -> dict[str, list[Any]]:
    asked = ", ".join(json.dumps(part) for part in (context, options) if part)
    found = page.evaluate(f"axe.run({asked}).then(all => all.violations)")
    return {rule["id"]: [node["target"] for node in rule["nodes"]][:3] for rule in found}


def open_folds(page: Any) -> None:
    """Open every fold of the page."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")


def overlapping(chart: dict[str, Any], slack: float = 1.5) -> list[str]:
    """Pairs of texts of one drawing that stand on each other."""
    found = []
    texts = chart["texts"]
    for at, one in enumerate(texts):
        for other in texts[at + 1 :]:
            across = min(one["right"], other["right"]) - max(one["left"], other["left"])
            down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
            # A line of text is drawn in a box with room above and below its letters.
            if across > slack and down > slack + 0.35 * one["size"]:
                found.append(f"'{one['text']}' on '{other['text']}'")
    return found


def outside(chart: dict[str, Any], slack: float = 1.5) -> list[str]:
    """Texts that stick out of their drawing."""
    return [
        text["text"]
        for text in chart["texts"]
        if text["left"] < chart["left"] - slack
        or text["right"] > chart["right"] + slack
        or text["top"] < chart["top"] - slack
        or text["bottom"] > chart["bottom"] + slack
    ]
