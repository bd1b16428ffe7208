"""Who may do what: users, roles, login sessions, API keys, and the log of what was done.

Policy only. This package knows no Flask and no SQL; `controller.gateway.login` carries it to the web,
`controller.storage.access` keeps what it says.
"""
