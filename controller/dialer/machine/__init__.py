"""Who answered: a person, an answering machine, or an assistant that screens calls."""
