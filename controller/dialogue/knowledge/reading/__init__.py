"""Files of other people to sections of text. Knows nothing of indexing; imports nothing heavy."""
