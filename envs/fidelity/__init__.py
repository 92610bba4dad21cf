"""How far the native Atari environments agree with SB3's own wrappers."""
