"""Markup: the little HTML that every helper needs, written one way."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape

INLINE_TAGS = ("q", "em", "strong", "cite", "sub", "sup")
_INLINE = re.compile(rf"&lt;(/?)({'|'.join(INLINE_TAGS)})&gt;")
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def inline(text: str) -> str:
    """Escape text for HTML, keeping the bare tags q, em, strong, cite, sub and sup.

    Examples
    --------
    >>> inline("<q>sixth</q> & <b>more</b>")
    '<q>sixth</q> &amp; &lt;b&gt;more&lt;/b&gt;'
    """
    return _INLINE.sub(r"<\1\2>", escape(text, quote=False))


def text(content: str) -> str:
    """Escape text that is shown as it is, and backslashes, which a page must not hold bare."""
    return escape(content, quote=False).replace("\\", "&#92;")


def attribute(text: str) -> str:
    """Escape text for a double-quoted attribute, without inline tags."""
    return escape(plain(text))


def plain(text: str) -> str:
    """Text without inline tags; a quotation keeps its quotation marks."""
    quoted = re.sub(r"<q>(.*?)</q>", "‘\\1’", text)
    return re.sub(rf"</?(?:{'|'.join(INLINE_TAGS)})>", "", quoted)


def slug(text: str) -> str:
    """Make an identifier of a heading: lower-case words joined by hyphens.

    Examples
    --------
    >>> slug("What the records show (2018/19)")
    'what-the-records-show-2018-19'
    """
    return _NOT_WORD.sub("-", text.lower()).strip("-") or "section"


def data_link(content: str, mime: str) -> str:
    """Write a ``data:`` address that carries the content itself."""
    return f"data:{mime};base64,{b64encode(content.encode()).decode()}"


def digest(*parts: str) -> str:
    """Twelve hexadecimal digits that depend on the text alone."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def kilobytes(content: str) -> str:
    """Size of a download in a reader's words.

    Examples
    --------
    >>> kilobytes("a,b" * 500)
    '1.5 kB'
    """
    size = len(content.encode())
    return f"{size} bytes" if size < 1000 else f"{size / 1000:.1f} kB"
