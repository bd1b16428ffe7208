"""Files become contacts: read in a stream, checked row by row, staged in batches, accepted as told.

Start with `importer.import_contacts` and `preview.preview`.
"""
