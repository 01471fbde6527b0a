"""Tag policies: which tags links and ads must bring, and what may stand in them."""
