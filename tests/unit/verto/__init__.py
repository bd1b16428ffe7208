"""Tests of controller.verto."""
