"""Call routes for FreeSWITCH (*.xml) and scripted conversations (flows/*.yaml); data, no code."""
