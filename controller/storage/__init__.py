"""Records of what happened: written off the hub, read by pages, forgotten in time.

Start with `migrations.migrate`, `writer.RecordWriter` and `repository.RecordRepository`.
"""
