"""Simulated callers for tests and benchmarks: what a person on the line says, hears and measures.

audio   clips, noise, coughs, stereo files     line     the web audio socket, one clock a call
legs    microphone and loudspeaker             caller   the verbs of a script
turns   response and barge-in times            persona  answers by what the bot asks
wire    a WebSocket client on gevent           server_process   the server under test
"""
