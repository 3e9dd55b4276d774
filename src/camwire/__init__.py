import sys

__version__ = "0.1.0"

# `import openvino` tells Google Analytics about itself, unasked. It does without when this package is
# missing, which is what None stands for to Python's import.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
