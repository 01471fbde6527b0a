"""One module for each screen: `show` asks the API and names a template, `ACTS` are what its forms do."""
