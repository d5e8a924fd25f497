"""The message bus: CloudEvents over Kafka, positions, inbox, outbox and relay, dead letters."""
