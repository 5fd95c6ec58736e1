"""The demo shop: its customers' conversations, its files, and the requests that create them.

`files/` has drawings, each with its source as SVG beside it, and a hummed voice message.
"""
