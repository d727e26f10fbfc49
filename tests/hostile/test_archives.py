"""Archives that unpack to too much, and members that lead elsewhere."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from pathlib import Path

import pytest

from memaudit.kit.manifests.base import Source
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.registry import FORMATS
from memaudit.limits import LARGEST_MEMBER, LONGEST_LINE
from tests.hostile.bounded import attempt

READ = (
    "from pathlib import Path\n"
    "from memaudit.kit.manifests.base import Source\n"
    "for _ in memaudit.kit.manifests.registry.FORMATS[{name!r}].read(Source(Path({path!r}))): pass"
)


def bomb(path: Path, piece: bytes, times: int) -> Path:
    """``piece`` over and over, packed: members of gzip may follow one another."""
    member = gzip.compress(piece * 1000, 9, mtime=0)
    with path.open("wb") as stream:
        for _ in range(times):
            stream.write(member)
    return path


def read(name: str, path: Path, megabytes: int) -> str:
    return attempt(READ.format(name=name, path=str(path)), megabytes)


def test_a_gzip_without_line_ends(tmp_path: Path) -> None:
    path = bomb(tmp_path / "cuts.jsonl.gz", b" " * 10_000, 1 + LONGEST_LINE // 10_000_000)
    assert path.stat().st_size < 100_000
    found = read("lhotse", path, 400)
    assert "refused:" in found
    assert "longer than 64 MiB" in found


@pytest.mark.slow
def test_a_gzip_of_endless_lines(tmp_path: Path) -> None:
    path = bomb(tmp_path / "cuts.jsonl.gz", (b" " * 999 + b"\n") * 10, 40)
    found = read("lhotse", path, 100)
    assert "unpacks to more than 200 times its size" in found


def test_a_packed_tar_of_zeros(tmp_path: Path) -> None:
    head = tarfile.TarInfo("a.flac")
    head.size = LARGEST_MEMBER + 1
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    path = tmp_path / "shard.tar.gz"
    path.write_bytes(packed.compress(head.tobuf()) + packed.compress(bytes(1 << 20)) + packed.flush())
    found = read("webdataset", path, 100)
    assert "refused:" in found
    assert f"has {LARGEST_MEMBER + 1} bytes" in found


@pytest.mark.slow
def test_a_packed_tar_with_a_huge_extended_header(tmp_path: Path) -> None:
    """tarfile reads these as a whole: a bomb there must stop on unpacking."""
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, (1 << 33) - 1
    member = gzip.compress(bytes(10_000_000), 9, mtime=0)
    path = tmp_path / "shard.tar.gz"
    path.write_bytes(gzip.compress(head.tobuf(tarfile.USTAR_FORMAT), mtime=0) + member * 60)
    found = read("webdataset", path, 1200)
    assert "unpacks to more than 200 times its size" in found


def test_a_tar_whose_members_lead_elsewhere(tmp_path: Path) -> None:
    """Nothing is unpacked to disk, links are no samples, and names are only names."""
    path = tmp_path / "shard.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("../up.txt", "/tmp/absolute.txt", "a/../../b.txt"):  # noqa: S108
            member = tarfile.TarInfo(name)
            member.size = 5
            archive.addfile(member, io.BytesIO(b"amber"))
        for kind, name in ((tarfile.SYMTYPE, "link.txt"), (tarfile.LNKTYPE, "hard.txt"), (b"3", "dev.txt")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    before = sorted(tmp_path.iterdir())
    found = list(FORMATS["webdataset"].read(Source(path)))
    assert [entry.text for entry in found] == ["amber"] * 3
    assert all(entry.sound.unread for entry in found)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("size", [-1, 1 << 40])
def test_a_tar_whose_member_claims_another_size(tmp_path: Path, size: int) -> None:
    head = tarfile.TarInfo("a.txt")
    head.size = size
    path = tmp_path / "shard.tar"
    path.write_bytes(head.tobuf(tarfile.GNU_FORMAT) + b"amber")
    with pytest.raises(ManifestError):
        list(FORMATS["webdataset"].read(Source(path)))
