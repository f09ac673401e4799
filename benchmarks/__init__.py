"""What durnb costs, beside the floor of the machine."""
