"""Readers of runs: the laboratory's folders, and the logs of other tools, one file a format."""
