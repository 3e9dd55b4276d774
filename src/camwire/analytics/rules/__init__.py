"""camwire's own rules: zones, lines, directions, speed and heat maps over the tracks of a whole batch."""

from camwire.analytics.rules.engine import RuleEngine
from camwire.analytics.rules.events import AnalysisResult, Event

__all__ = ["AnalysisResult", "Event", "RuleEngine"]
