"""What these tests need besides what every developer has: PyTorch, for a GPU or a CPU."""

import pytest

pytest.importorskip("torch")
