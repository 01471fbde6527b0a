"""Following a link: who clicks, which variant that visitor gets, and the click, durable before the answer leaves."""
