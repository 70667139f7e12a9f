//! OAuth 2.0 for devices: clients and tokens.
