"""Who is enrolled: folder of photos, record in SQLite, review of photos, audit, enrolment."""
