"""Convolutional networks of PyTorch on a GPU, with what follows a convolution done in the convolution.

Half of a YOLO11's time on a GPU isn't the convolutions', and most of that is reading and writing results
between them: biases and activations, sums with what went past, tensors put together. `rewriting.py` finds
those in a program and puts one operation (`operation.py`) in place of each group (`groups.py`); `kernels.py`
is that operation in Triton, and `tiles.py` says how a kernel divides its work. Programs are torch.export's,
their normalisations folded (`folding.py`), or what `runtimes/tracing.py` writes down of others.
"""
