"""The script runs in an environment of its own: nothing here is collected as a test."""

collect_ignore = ["rliable_reference.py"]
