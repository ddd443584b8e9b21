"""The summary tables: each module owns one, its rows and all of its queries. No query stands outside."""
