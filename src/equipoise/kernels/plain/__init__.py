"""The law: numpy only, readable, each function with its formula and its paper."""
