"""Samples of every emulated type: full arguments, an update, and changes that replace it."""

from __future__ import annotations

from tests.unit.local.aws.samples import cluster, network, services

SAMPLES = {**network.SAMPLES, **cluster.SAMPLES, **services.SAMPLES}
