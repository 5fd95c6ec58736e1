"""Helpers of the other folders: secrets, stored values, background work, fair shares."""
