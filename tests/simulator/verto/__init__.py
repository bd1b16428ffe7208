"""A simulated mod_verto: its signalling as recorded from a real FreeSWITCH, without media."""
