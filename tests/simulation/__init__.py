"""Simulated audits from utterances.jsonl to verdict: how often memaudit is right, by design and by effect."""
