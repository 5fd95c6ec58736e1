"""The endpoints of the fake Graph API and the parts that serve them."""
