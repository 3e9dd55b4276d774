"""The analyse step: camwire's own rules and DeepStream's, over each batch's tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from camwire.analytics.nvdsanalytics.load import load
from camwire.analytics.nvdsanalytics.notices import NvdsConfigError
from camwire.analytics.nvdsanalytics.settings import Settings
from camwire.analytics.rules import RuleEngine
from camwire.config.rules import Rule
from camwire.models import ModelError

log = structlog.get_logger()


def rule_engine(rules: Sequence[Rule], class_names: Sequence[str]) -> RuleEngine:
    """Raises ModelError for classes that the model doesn't know."""
    try:
        return RuleEngine(rules, class_names)
    except ValueError as error:
        raise ModelError(f"rules: {error}") from None


def nvdsanalytics(file: str) -> Settings:
    """Read DeepStream's file; what is odd about it is logged. Raises ModelError where it can't be used."""
    try:
        loaded = load(Path(file))
    except NvdsConfigError as error:
        raise ModelError(f"nvdsanalytics: {error}") from None
    for notice in loaded.notices:
        log.warning("nvdsanalytics", notice=str(notice))
    return loaded.settings


def stream_numbers(cameras: Sequence[str]) -> Mapping[str, int]:
    """A camera's stream is its place in the configuration."""
    return {camera: number for number, camera in enumerate(cameras)}
