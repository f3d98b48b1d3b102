"""Train an embedder: distil a teacher, learn people, or fine-tune weights that are good already."""
