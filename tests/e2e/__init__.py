"""The running services, from outside: signed webhooks and tokens in, Kafka and the API out."""
