"""Where is it? What networks can learn, and what agents know, about the places of objects."""
