"""Every statement of the service. Whoever changes an organisation's register locks the organisation's row first."""
