"""Tests of PCM, resampling, VAD, integrity and the logic around the recognisers."""
