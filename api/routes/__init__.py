"""The routes of the HTTP API: each module one noun. A door parses and prints, it decides nothing."""
