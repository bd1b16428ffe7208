"""Calls of browsers through FreeSWITCH's mod_verto: the domain behind `/ws/verto`."""
