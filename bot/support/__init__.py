"""Small things that every part may use and that know none of them."""
