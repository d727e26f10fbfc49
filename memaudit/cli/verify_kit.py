"""`memaudit verify-kit`: is a kit whole, and are its arms apart?"""

from __future__ import annotations

from pathlib import Path

import click

from memaudit.cli.common import Output, shared_options
from memaudit.cli.make_kit import document, summary
from memaudit.cli.places import PATH_PLACE, local_kit
from memaudit.errors import KitError
from memaudit.kit.store import open_kit
from memaudit.kit.verify import verify_kit


@click.command()
@click.argument("kit", type=PATH_PLACE)
@click.option(
    "--commitment",
    metavar="HEX",
    help="The commitment that was published before training; the kit must have the same.",
)
@shared_options
def command(kit: Path | str, commitment: str | None, output: Output) -> None:
    """Check the hashes and the commitment of KIT, and that nothing held out is in its train folder.

    \b
    memaudit verify-kit KIT
    memaudit verify-kit KIT --commitment 3b1f...
    memaudit verify-kit s3://bucket/kit

    Exit code 0 where all is well, else 2 and one line that names the first thing that is wrong.
    """
    opened = open_kit(local_kit(kit, output), verify=False)
    if commitment is not None and commitment.strip().lower() != opened.commitment:
        raise KitError(
            f"its commitment is {opened.commitment}, not the published one",
            where=str(kit),
            how="find the kit that the published commitment was made for",
        )
    with output.progress("Checking") as progress:
        verify_kit(opened, progress)
    output.show(summary(opened))
    output.show(f"commitment {opened.commitment}")
    output.show("Every file is as it was made, the commitment fits, and nothing held out is under train/.")
    output.document(document(opened) | {"verified": True})
