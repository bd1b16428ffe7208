"""Tools: what a conversation can do besides talking. See `base` for the protocol."""
