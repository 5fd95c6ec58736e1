"""From one event to its subscribers: groups, members and bounded sockets."""
