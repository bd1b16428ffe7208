"""The operators' console: an event-socket server that fs_cli can log in to."""
