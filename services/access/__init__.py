"""access: who holds what at which site, and that it goes when they leave."""
