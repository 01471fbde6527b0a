"""Following a link: who clicks, which variant that visitor gets, and the click that is durable before the answer leaves."""
