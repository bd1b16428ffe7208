"""The login on the web: the gate before every route, the pages of accounts, and their JSON."""
