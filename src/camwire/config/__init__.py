"""The configuration: its models, reading it with every mistake at once, and what a new one changes."""

from camwire.config.compare import Changes, compare
from camwire.config.errors import ConfigError, Problem
from camwire.config.loading import load, load_text
from camwire.config.root import Config

__all__ = ["Changes", "Config", "ConfigError", "Problem", "compare", "load", "load_text"]
