"""NVIDIA's Multi-Process Service (MPS): with it, processes on a GPU work side by side and take no turns.

`program.py` knows NVIDIA's program; `keeper.py` is a process that runs it as a daemon, `daemon.py` what the
server holds of that; `sharing.py` decides whether workers use it and what each is told when it starts.
"""
