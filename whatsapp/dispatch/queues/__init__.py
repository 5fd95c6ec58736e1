"""The send queues in the memory of their owner, which decide the next message and its time."""
