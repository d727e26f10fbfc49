"""Training manifests: inserted canaries written for a trainer, and any trainer's manifest read back.

One training format a file, behind `memaudit.kit.manifests.base.ManifestFormat`; `registry` knows them all.
"""
