"""Options that export and check-injection share."""

from __future__ import annotations

import click

from memaudit.kit.manifests.registry import FORMATS

format_option = click.option(
    "--format", "format", required=True, metavar="FORMAT", help=f"One of {', '.join(FORMATS)}."
)

text_field_option = click.option(
    "--text-field", metavar="NAME", help="What the manifest calls the text, where it is not the usual name."
)
