"""Files: fetched from Meta, uploaded by staff, checked, stored and served."""
