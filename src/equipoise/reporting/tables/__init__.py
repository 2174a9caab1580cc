"""Tables of a report, from result rows; how they look is decided by the templates and the terminal."""
