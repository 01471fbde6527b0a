"""Is a campaign's path proven, from the tags of its clicks to the receipts of its tests? One check for each part."""
