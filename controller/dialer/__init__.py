"""Outbound lists: whom to call, when, how often, and what became of it.

Start with `model` (the words), `ports` (what the dialer needs of the world and what it may rely on),
`importing` (files become contacts) and `campaign` (what an operator decides). Pure: no database, no
FreeSWITCH, no web.
"""
