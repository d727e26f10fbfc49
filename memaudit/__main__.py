"""`python -m memaudit`: the command, where no script is installed."""

from memaudit.cli.main import main

main()
