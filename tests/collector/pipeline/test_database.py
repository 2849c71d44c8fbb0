"""Databases of addresses that are replaced, torn or taken away while they are in use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.pipeline.database import Database
from collector.pipeline.networks import data_centres
from collector.pipeline.place import Place, places
from tests.collector.pipeline.databases import write_networks, write_places

IP = "81.2.69.142"
LONDON, PARIS, NOWHERE = ("GB", "", "London"), ("FR", "", "Paris"), ("", "", "")


@dataclass
class Watch:
    """A clock that stands until it is moved."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_places(tmp_path / "places.mmdb", {"81.2.69.0/24": ("GB", "London")})


@pytest.fixture
def known(file: Path, watch: Watch) -> Iterator[Database[Place]]:
    known = places(str(file), watch)
    yield known
    known.close()


def other(file: Path) -> Path:
    return write_places(file.with_name("other.mmdb"), {"81.2.69.0/24": ("FR", "Paris")})


def renamed(file: Path) -> None:
    other(file).replace(file)


def overwritten(file: Path) -> None:
    file.write_bytes(other(file).read_bytes())


@pytest.mark.parametrize("replace", [renamed, overwritten])
def test_a_file_that_is_replaced_is_read_again_within_ten_seconds(
    known: Database[Place], file: Path, watch: Watch, replace: object
) -> None:
    assert known.find(IP) == LONDON
    assert callable(replace)
    replace(file)
    watch.now += 9
    assert known.find(IP) == LONDON
    watch.now += 1
    assert known.find(IP) == PARIS


def test_a_file_that_is_overwritten_in_place_does_not_harm_who_reads_it(
    known: Database[Place], file: Path
) -> None:
    file.write_bytes(b"")  # a reader that had mapped the file itself would end the process here
    assert known.find("81.2.69.77") == LONDON


@pytest.mark.parametrize("spoil", ["torn", "gone", "another kind"])
def test_a_file_that_cannot_be_read_leaves_the_old_one_in_use_and_the_log_says_so_once(
    known: Database[Place], file: Path, watch: Watch, spoil: str, caplog: pytest.LogCaptureFixture
) -> None:
    if spoil == "torn":
        file.write_bytes(file.read_bytes()[:-40])
    elif spoil == "gone":
        file.unlink()
    else:
        write_networks(file, {"81.2.69.0/24": 1})
    for _ in range(3):
        watch.now += 10
        assert known.find(IP) == LONDON
    (said,) = caplog.messages
    assert said.startswith(f"WAYWISER_GEOIP_DB: {file} cannot be read")
    renamed(file)
    watch.now += 10
    assert known.find(IP) == PARIS


def test_a_file_that_is_still_written_to_is_read_when_it_is_whole(
    known: Database[Place], file: Path, watch: Watch
) -> None:
    whole = other(file).read_bytes()
    for end in range(0, len(whole), len(whole) // 5):
        file.write_bytes(whole[:end])
        watch.now += 10
        assert known.find(IP) == LONDON
    file.write_bytes(whole)
    watch.now += 10
    assert known.find(IP) == PARIS


def test_a_file_that_cannot_be_read_at_the_start_is_waited_for(
    tmp_path: Path, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "places.mmdb"
    file.write_text("no database")
    known = places(str(file), watch)
    assert known.find(IP) == NOWHERE
    assert len(caplog.messages) == 1
    renamed(file)
    watch.now += 10
    assert known.find(IP) == PARIS
    known.close()


def test_readers_go_on_while_the_file_is_replaced_again_and_again(
    known: Database[Place], file: Path, watch: Watch
) -> None:
    answers: set[Place] = set()
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        number = 0
        try:
            while not done.is_set():
                answers.add(known.find(f"81.2.69.{number % 256}"))
                number += 1
        except BaseException as failure:  # told to the test
            failures.append(failure)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(16):
        city = ("GB", "London") if turn % 2 else ("FR", "Paris")
        write_places(file.with_name("next.mmdb"), {"81.2.69.0/24": city})
        file.with_name("next.mmdb").replace(file)
        watch.now += 10
        known.find(IP)
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert answers == {LONDON, PARIS}
    assert known.find(IP) == LONDON


def test_no_copy_of_the_file_is_left_behind(
    file: Path, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    known = places(str(file), watch)
    assert known.find(IP) == LONDON
    assert list(folder.iterdir()) == []
    known.close()
    assert known.find(IP) == NOWHERE


def test_networks_are_read_again_too(tmp_path: Path, watch: Watch) -> None:
    file = write_networks(tmp_path / "asn.mmdb", {"3.5.0.0/16": 16509, "9.9.9.0/24": 19281})
    known = data_centres(str(file), watch)
    assert [known.find(ip) for ip in ("3.5.1.1", "9.9.9.9", "8.8.8.8", "nonsense", "")] == [
        True,
        *[False] * 4,
    ]
    write_networks(file, {"9.9.9.0/24": 24940})
    watch.now += 10
    assert [known.find(ip) for ip in ("3.5.1.1", "9.9.9.9")] == [False, True]
    known.close()
