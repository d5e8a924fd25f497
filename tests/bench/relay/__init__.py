"""(c) The relay, from the outbox to Kafka's acknowledgement, beside aiokafka's producer with the same payloads."""
