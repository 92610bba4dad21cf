"""What the committed Atari studies have found: ``python -m agents.study.findings``."""
