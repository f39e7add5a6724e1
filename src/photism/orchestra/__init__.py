"""An orchestra to train on: bundled notes, performances composed from them, and a drawn stage."""
