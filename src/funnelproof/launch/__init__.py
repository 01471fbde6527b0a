"""Launching: the gate before ACTIVE and before more traffic, the ramp, the timer."""
