"""Drafts of speculative decoding: the EAGLE head or the draft model that `--speculative-config` names."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from paddock.record import Record

if TYPE_CHECKING:
    from paddock.catalog import Model, Scheme


class Drafting(StrEnum):
    """`method` of `--speculative-config`, of those that take memory of a GPU, and `ngram`, which takes none."""

    EAGLE = "eagle"
    EAGLE_3 = "eagle3"
    MODEL = "draft_model"
    NGRAM = "ngram"


class Draft(Record):
    """Drafts by a head on the model itself, or by a model of its own."""

    method: Drafting
    model: Model | None = None
    scheme: Scheme | None = None

    @property
    def is_head(self) -> bool:
        """True for a head, whose own shapes are not known: one layer of the model stands for it."""
        return self.method in {Drafting.EAGLE, Drafting.EAGLE_3}
