"""Analytics other than camwire's own rules."""

from pydantic import Field

from camwire.config.base import ConfigModel
from camwire.config.paths import FilePath


class AnalyticsConfig(ConfigModel):
    """What is taken over from a DeepStream installation."""

    nvdsanalytics: FilePath | None = Field(
        None,
        description="A DeepStream nvdsanalytics file (INI, or YAML by its name), applied exactly as "
        "DeepStream does; the cameras are its streams 0, 1, … in the order in which they stand here.",
    )
