"""Ways to send a notification: one file each. See `base`."""
