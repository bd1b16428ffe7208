"""Free conversation by a language model with knowledge and tools. `factory.agent_strategy` makes one."""
