"""ONNX files as programs of PyTorch, so that on a GPU they run as fast as programs that PyTorch exports.

`program.py` reads a file; `operators/` says what each of ONNX's operators is in PyTorch; `specialised.py`
works out, for one shape of input, everything that doesn't depend on the pictures, and what is left are steps;
`translation.py` has those for each number of pictures. `network.py` makes a network of them, whose
convolutions are fused (`runtimes/fused/`), and holds what they say against OpenVINO (`checking.py`).
"""
