"""Where events are kept, and how many."""

from pydantic import Field

from camwire.config.base import ConfigModel
from camwire.config.paths import FilePath


class ClipsConfig(ConfigModel):
    """How much is kept of what the camera sent around an event."""

    before: float = Field(5.0, ge=0, le=120, description="Seconds before the event, at least.")
    after: float = Field(5.0, ge=0, le=120, description="Seconds after it.")


class EventsConfig(ConfigModel):
    """The rules' events, kept in an SQLite file, with pictures and videos beside it."""

    file: FilePath = Field(
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
    snapshots: bool = Field(
        False, description="Keep the picture of each event, with everything that is drawn over it."
    )
    clips: ClipsConfig | None = Field(
        None,
        description="Keep a video of what the camera sent around each event, as MP4, not encoded again; none "
        "where absent.",
    )
    media_folder: FilePath = Field(
        "events-media",
        min_length=1,
        description="Where pictures and videos of events are kept. A relative path begins at the "
        "configuration's folder. They are deleted at the age of their events.",
    )
    media_max_gb: float = Field(
        5.0, gt=0, le=1_000_000, description="Beyond so many GB the oldest pictures and videos are deleted."
    )
