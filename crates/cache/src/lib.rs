//! Short-lived shared state: of this process alone, or of all instances through Redis. Whatever is
//! lost with it costs time, never a grant: what must not be lost is in the database.
