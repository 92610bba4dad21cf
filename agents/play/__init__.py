"""Agents that have been trained: their games, evaluations and videos."""
