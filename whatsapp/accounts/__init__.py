"""Connected WhatsApp Business numbers: credentials, checks, restrictions, webhook URLs."""
