"""Where rows live: two engines, one SQL text."""
