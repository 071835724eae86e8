"""Prose: the markdown of a notebook as HTML, with maths that needs no network."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Any

import mistune
from mistune.plugins.formatting import strikethrough, subscript, superscript

from officer_assaults.page import markup

# An opening dollar sits before a non-space, a closing one after a non-space and not before a digit,
# so that "$5 and $10" stays money.
_INLINE_MATH = r"\$(?=[^\s$])(?P<inline_tex>[^$\n]*?[^\s$\\])\$(?!\d)"
# Commands of LaTeX that give an element an address, a style or a name.
_FOREIGN = re.compile(r"<[a-z][^>]*\s(?:href|src|style|class|id|on[a-z]+)=", re.IGNORECASE)
_BLOCK_MATH = r"^ {0,3}\$\$(?P<block_tex>[\s\S]+?)\$\$[ \t]*$"


class PageError(ValueError):
    """Raised when a notebook's outputs or words do not meet the rules for a report."""


def to_mathml(latex: str, *, display: bool) -> str:
    """Write maths as MathML.

    Raises
    ------
    PageError
        If a macro is not known, which would otherwise be printed as text, or links elsewhere.
    """
    from latex2mathml.converter import convert

    try:
        text = convert(latex.strip(), display="block" if display else "inline")
    except Exception as error:
        raise PageError(f"maths '{latex.strip()}' cannot be read: {error}") from error
    if "\\" in text or _FOREIGN.search(text):
        macro = re.search(r"\\\w+", text if "\\" in text else latex)
        raise PageError(f"maths '{latex.strip()}' uses {macro.group() if macro else 'a macro'}")
    return str(text).replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")


def is_maths(latex: str) -> bool:
    """Tell maths from a path between two prices: every macro in it is known."""
    try:
        to_mathml(html.unescape(latex), display=False)
    except PageError:
        return False
    return True


def latex(text: str, markdown: mistune.Markdown) -> str:
    r"""Write what a notebook shows as LaTeX: maths between dollar signs or in an environment.

    Raises
    ------
    PageError
        For commands outside maths, which a page would print as they are.
    """
    bare = text.strip()
    if bare.startswith(("\\begin", "\\[")):
        inner = bare.removeprefix("\\[").removesuffix("\\]") if bare.startswith("\\[") else bare
        return str(markdown(f"$${inner}$$"))
    written = str(markdown(bare))
    command = re.search(r"(?:&#92;|\\)[A-Za-z]+", re.sub(r"<math.*?</math>", "", written))
    if command:
        name = command.group().replace("&#92;", "\\")
        raise PageError(f"LaTeX with {name} outside maths cannot be shown; write it in markdown")
    return written


@lru_cache(maxsize=1024)  # The cells of one notebook are the same for every force.
def highlight(code: str) -> str:
    """Colour Python code by four kinds of word, with classes and without a raw backslash."""
    from pygments import lex  # type: ignore[import-untyped]
    from pygments.lexers.python import PythonLexer  # type: ignore[import-untyped]
    from pygments.token import Comment, Keyword, Number, String  # type: ignore[import-untyped]

    kinds = ((Comment, "c"), (Keyword, "k"), (String, "s"), (Number, "n"))
    parts = []
    for token, text in lex(code.strip("\n"), PythonLexer(ensurenl=False)):
        kind = next((name for family, name in kinds if token in family), "")
        safe = markup.text(text)
        parts.append(f'<i class="{kind}">{safe}</i>' if kind and safe.strip() else safe)
    return "".join(parts).replace('</i><i class="s">', "")


class Renderer(mistune.HTMLRenderer):
    """Markdown to HTML with numbered sections, unique identifiers and no raw HTML."""

    def __init__(self, identifiers: set[str]) -> None:
        super().__init__(escape=True)
        self.identifiers = identifiers
        self.contents: list[tuple[str, str]] = []
        self.title = ""

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """Take the first-level heading as the page's title; number those of the second level."""
        plain = re.sub(r"<[^>]+>", "", text)
        if level == 1:
            if self.title:
                raise PageError(f"two headings of the first level: '{self.title}' and '{plain}'")
            self.title = text
            return ""
        name = self.identifier(plain)
        if level == 2:
            self.contents.append((name, text))
            number = f'<span class="number">{len(self.contents)}.</span> '
            return f'<h2 id="{name}">{number}{text}</h2>\n'
        return f'<h{level} id="{name}">{text}</h{level}>\n'

    def identifier(self, text: str) -> str:
        """Make an identifier of a heading, unlike any other on the page."""
        base = name = markup.slug(text)
        count = 1
        while name in self.identifiers:
            count += 1
            name = f"{base}-{count}"
        self.identifiers.add(name)
        return name

    def paragraph(self, text: str) -> str:
        """Refuse tables typed in markdown: tables come through ``show_table`` with a caption."""
        if text.startswith("|"):
            raise PageError(
                f"table '{text[:40]}' in markdown; use show_table, which asks for a caption"
            )
        return f"<p>{text}</p>\n"

    def inline_html(self, html: str) -> str:
        """Keep the few inline tags that are allowed, escape all others."""
        return markup.inline(html)

    def block_html(self, html: str) -> str:
        """Escape blocks of HTML, but keep the inline tags in them."""
        return f"<p>{markup.inline(html.strip())}</p>\n"

    def block_code(self, code: str, info: str | None = None) -> str:
        """Show a block of code without colours."""
        return f'<pre class="out">{markup.text(code.rstrip())}</pre>\n'

    def codespan(self, text: str) -> str:
        """Show code inside a sentence."""
        return f"<code>{markup.text(text)}</code>"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Refuse pictures: charts come through ``show_figure`` with their data."""
        raise PageError(f"picture '{url}' in markdown; use show_figure, which asks for its data")

    def inline_math(self, text: str) -> str:
        """Write maths inside a sentence."""
        return to_mathml(text, display=False)

    def block_math(self, text: str) -> str:
        """Write maths on a line of its own."""
        maths = to_mathml(text, display=True)
        return f'<p class="maths" role="group" aria-label="Formula" tabindex="0">{maths}</p>\n'


def _maths(md: mistune.Markdown) -> None:
    def inline(parser: Any, match: re.Match[str], state: Any) -> int:
        state.append_token({"type": "inline_math", "raw": match.group("inline_tex")})
        return match.end()

    def block(parser: Any, match: re.Match[str], state: Any) -> int:
        state.append_token({"type": "block_math", "raw": match.group("block_tex")})
        return match.end() + 1

    md.inline.register("inline_math", _INLINE_MATH, inline, before="link")
    md.block.register("block_math", _BLOCK_MATH, block, before="list")


def reader(renderer: Renderer) -> mistune.Markdown:
    """Markdown parser that writes through a renderer; use one for all cells of a page."""
    plugins: list[Any] = [strikethrough, subscript, superscript, _maths]
    return mistune.create_markdown(renderer=renderer, plugins=plugins)
