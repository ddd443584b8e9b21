"""From the summary tables to pages, the index, the drill-down and mails."""
