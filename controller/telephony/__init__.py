"""Calls over FreeSWITCH: control by its event socket, audio by its media sockets."""
