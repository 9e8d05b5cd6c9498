"""What a night leaves for people: the page of the night, JUnit, and a report to each owner."""
