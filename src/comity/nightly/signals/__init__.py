"""What a night tells other programs: log, metrics, lineage, webhook, e-mail."""
