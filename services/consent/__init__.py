"""consent: no face without a form."""
