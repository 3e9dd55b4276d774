"""What a model's tensors mean, and the weights that come with camwire."""

from camwire.models.catalogue import file_of, load_model
from camwire.models.contract import Graph, Model, ModelError, RawDetections, TensorSpec
from camwire.models.recognition import Overrides

__all__ = [
    "Graph",
    "Model",
    "ModelError",
    "Overrides",
    "RawDetections",
    "TensorSpec",
    "file_of",
    "load_model",
]
