//! Indentation faults that Python refuses and its grammar does not.
