"""The summary tables: each module owns one, its rows and every query of it. No query stands elsewhere."""
