"""Campaign pages: draft, immutable versions, publishing, and the page itself as visitors get it."""
