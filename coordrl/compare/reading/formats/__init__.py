"""The formats in which tools leave their logs, a module each."""
