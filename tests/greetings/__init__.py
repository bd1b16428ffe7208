"""How calls are answered: a labelled set of greetings, and what the dialer makes of each of them."""
