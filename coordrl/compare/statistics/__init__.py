"""Tests, intervals, curves and power of samples of scores."""
