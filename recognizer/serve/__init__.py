"""The web service: REST, live pictures and the page. Only this package imports fastapi, starlette and uvicorn."""
