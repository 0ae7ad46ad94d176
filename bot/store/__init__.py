"""The database: tables, one repository for each aggregate, one unit of work for each transaction.

Implements `bot.sessions.ports` with SQLAlchemy Core on SQLite (one machine) and PostgreSQL (any
number of replicas). `bot.store.database.Database` is the door. What a method of a port does is said
there; a repository says what it adds.
"""
