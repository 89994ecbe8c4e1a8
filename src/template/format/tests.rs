//! Every tested locale against values of independent implementations.
