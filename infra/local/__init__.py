"""The whole platform on one machine: functions, queues, schedules, secrets, identities, and a simulated Google."""
