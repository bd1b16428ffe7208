"""The outbox: notifications wait in the database until a worker has delivered them. See `worker`."""
