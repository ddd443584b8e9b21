"""What a command shows: progress, events and answers, for people and for machines."""
