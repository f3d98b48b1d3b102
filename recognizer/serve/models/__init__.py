"""What routes take and answer, as pydantic models: one module an area."""
