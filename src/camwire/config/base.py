"""What all configuration models share."""

from pydantic import BaseModel, ConfigDict


class ConfigModel(BaseModel):
    """Frozen, and strict about keys: an unknown key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
