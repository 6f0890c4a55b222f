"""The token machine: the run loop, what each kind of node does, the verbs. Pure."""
