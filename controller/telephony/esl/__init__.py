"""FreeSWITCH's event socket: parsing without I/O, and connections of both directions on gevent."""
