"""A week at two landlords, played through the real doors on stepped policy time, and compared with what was promised."""
