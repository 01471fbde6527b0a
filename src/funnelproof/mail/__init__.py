"""Mail to people: by SMTP, or as files in the data folder where no server is set."""
