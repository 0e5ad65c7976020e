"""Markdown that generators write: lines at most as wide as everything else here."""

import textwrap

LINE_COLUMNS = 120


def item(text: str, indent: str = "") -> str:
    """List item, wrapped between words."""
    return textwrap.fill(
        text,
        LINE_COLUMNS,
        initial_indent=f"{indent}- ",
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def paragraphs(text: str) -> str:
    """Paragraphs of a docstring, each wrapped anew."""
    return "\n\n".join(
        textwrap.fill(" ".join(each.split()), LINE_COLUMNS, break_long_words=False, break_on_hyphens=False)
        for each in text.split("\n\n")
    )
