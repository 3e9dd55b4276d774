"""The files that DeepStream's elements read, written from camwire's configuration."""
