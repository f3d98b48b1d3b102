"""From settings to a running application: the only code that reads settings and knows two implementations of a seam."""
