"""What a bot may know beyond its script: documents, split, indexed and searched on this machine."""
