"""What the statistics promise, measured where memaudit runs: published values and short simulations."""
