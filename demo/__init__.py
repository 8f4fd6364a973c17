"""The demo: the real stack, on an AWS of this machine, recommending real products."""
