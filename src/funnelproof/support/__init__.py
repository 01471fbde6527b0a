"""Hand-off to people: support reports, escalations among operators, reports of abuse, and taking down."""
