"""Screen of a model's license, as `paddock init` shows it before it asks."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from paddock.catalog.licenses import License
from paddock.cli.console import bullets, indented, section


def license_screen(terms: License, *, multimodal: bool) -> RenderableType:
    """Summary of what the license asks for, in short, and where its text is."""
    lines = [
        f"Text: {terms.url}",
        f"Acceptable use policy: {terms.use_policy_url}",
        f"More than {terms.monthly_users // 10**6} million monthly active users on {terms.released}: ask Meta first",
    ]
    if terms.built_with:
        lines.append(f"A product with it shows “{terms.built_with}”, and copies keep the notice: {terms.attribution}")
    else:
        lines.append(f"Copies keep the notice: {terms.attribution}")
    if terms.derived_name_prefix:
        lines.append(
            f"A model made with it that is given to others has a name that begins with “{terms.derived_name_prefix}”"
        )
    if multimodal and terms.multimodal_not_in:
        lines.append(
            "No rights to this multimodal model for individuals domiciled, or companies with a principal place of "
            "business, in the European Union"
        )
    return Group(section(terms.title), indented(bullets([Text(each) for each in lines])))
