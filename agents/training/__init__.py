"""How one run is trained, and resumed."""
