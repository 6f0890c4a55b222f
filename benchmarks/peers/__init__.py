"""Other engines, run on the same drawings in the same rounds."""
