"""What a model's tensors mean, and the weights that come with camwire."""

from camwire.models.catalogue import load_model
from camwire.models.contract import Graph, Model, ModelError, RawDetections, TensorSpec

__all__ = ["Graph", "Model", "ModelError", "RawDetections", "TensorSpec", "load_model"]
