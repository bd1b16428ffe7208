"""What operators see of a running process: logs, metrics, how late the hub is."""
