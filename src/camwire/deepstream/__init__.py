"""The DeepStream engine: a pipeline of NVIDIA's elements behind the same doors as camwire's own.

``graph`` says which elements there are, as data; ``files`` writes what they read; ``pipeline`` makes
GStreamer of it; ``engine`` keeps it running and tells how it does.
"""
