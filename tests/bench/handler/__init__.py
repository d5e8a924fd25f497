"""(a) The sla service's handler of `messages`, from Kafka to committed, beside its limits and its peers."""
