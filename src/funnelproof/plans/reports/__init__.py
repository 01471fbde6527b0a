"""An outcome as others read it: CI viewers, people, and whoever wants to run it again."""
