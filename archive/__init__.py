"""From ``Article``s to files and rows, and back by search. Never touches the network, except through ``run``."""
