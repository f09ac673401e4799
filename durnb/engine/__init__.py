"""The engine: decides what a durable cell does, and does it. Knows no Jupyter; the kernel gives it a namespace and a stage."""
