"""A whole session played in the sandbox: a week of our own, or an archive page replayed."""
