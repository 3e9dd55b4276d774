"""Where events are kept, and how many."""

from pydantic import Field

from camwire.config.base import ConfigModel


class EventsConfig(ConfigModel):
    """The rules' events, kept in an SQLite file."""

    file: str = Field(
        "events.db",
        min_length=1,
        description="The file; it comes with the first event. A relative path begins at the configuration's "
        "folder.",
    )
    max_days: float = Field(30, ge=0.01, le=36_500, description="Older events are deleted.")
    max_mb: float = Field(256, ge=1, le=1_000_000, description="Beyond so many MB the oldest are deleted.")
    minutes_max_days: float = Field(
        400, ge=0.01, le=36_500, description="How long counts by minute are kept."
    )
