"""What runs a model's graph on a device."""

from camwire.runtimes.choose import Choice, choose_runtime, explain_runtime
from camwire.runtimes.contract import Runtime

__all__ = ["Choice", "Runtime", "choose_runtime", "explain_runtime"]
