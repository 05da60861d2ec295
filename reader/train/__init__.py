"""Train the reader. Never imported when serving; needs the extra `train`."""
