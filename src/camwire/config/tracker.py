"""The tracker: how detections of one object become one identity."""

from typing import Literal, Self

from pydantic import Field, model_validator

from camwire.config.base import ConfigModel
from camwire.config.paths import FilePath

TrackerType = Literal["bytetrack", "ocsort", "sort", "iou", "dcf", "nvsort", "nvdcf_perf", "nvdcf_accuracy"]
IdReset = Literal["never", "on_reconnect", "on_eos"]


class TrackerConfig(ConfigModel):
    """How objects are followed from frame to frame."""

    type: TrackerType = Field(
        "bytetrack",
        description="The algorithm. `bytetrack`, `ocsort` and `sort` follow boxes; `dcf` also looks for the "
        "objects in the picture; `iou`, `nvsort`, `nvdcf_perf` and `nvdcf_accuracy` have the values that "
        "DeepStream ships.",
    )
    config: FilePath | None = Field(
        None,
        description="A DeepStream low-level tracker file (YAML), in place of `type`. A relative path begins "
        "at the configuration's folder.",
    )
    id_reset: IdReset = Field(
        "never",
        description="What ends a camera's tracks besides time: `never` nothing, `on_reconnect` a lost "
        "connection, `on_eos` the end of a file, after which ids also begin at 1 again.",
    )
    trace_length: int = Field(30, ge=0, le=256, description="Points kept of an object's way, for drawing it.")

    @model_validator(mode="after")
    def _type_or_config(self) -> Self:
        if self.config is not None and "type" in self.model_fields_set:
            raise ValueError("give either `type` or `config`; the file says which algorithm it is")
        return self
