"""What a run is: its settings, its arm, its hyper-parameters, its folder."""
