"""FreeSWITCH's event socket: parsing without I/O, and connections of both directions on gevent.

Why not greenswitch, which is the known client for gevent: its reader, its parser, its `send`, its
dispatch and its waiters each had to be replaced (it unquotes an event before it splits it, so that a
caller's name forges headers; it spins at EOF; a byte that isn't UTF-8 ends its reader; bodies become
headers; nothing has a time limit; a lost connection leaves waiters hanging). Wrapped, nothing of it
was left. It does well as an independent client, and that it is in the tests: of the console, and of the
simulated FreeSWITCH.
"""
