"""Run the pipeline on threads, watch the gallery meanwhile, and start processes again that die."""
