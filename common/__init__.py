"""What every command of this clone does alike; needs neither torch nor the packages beside it."""
