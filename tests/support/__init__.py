"""What the tests stand on: example calls drawn from the table, derivatives found without tetragrad, and the checks."""
