"""What goes over the bus: samples, fields, generated files, what may never travel."""
