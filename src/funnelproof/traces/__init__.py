"""What requests to the control plane were, and what they did: for thirty days, found by the id on every answer."""
