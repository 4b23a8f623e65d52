// Seed of the module.
