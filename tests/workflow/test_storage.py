"""A cohort on object storage: fetched, run, its results stored and fetched again, on an S3 server of the tests' own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tumint.cli import main

SERVER = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """Variables of the environment by which Snakemake's plugin finds a server with a bucket `lab`."""
    import boto3

    server = SERVER.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    place = {"endpoint_url": f"http://{host}:{port}", "access_key": "key", "secret_key": "secret"}
    client = boto3.client(
        "s3",
        endpoint_url=place["endpoint_url"],
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="lab")
    client.put_object(Bucket="lab", Key="odd/../up.txt", Body=b"")
    yield {f"SNAKEMAKE_STORAGE_S3_{name.upper()}": value for name, value in place.items()}
    server.stop()


def _bytes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    shown = [path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in shown}


@pytest.mark.slow  # a dozen starts of Snakemake; what is refused before one is in the unit tests
def test_a_folder_comes_back_as_it_was_and_nothing_of_the_user_is_replaced(s3, tumint, tmp_path):
    raw = tmp_path / "mine"
    (raw / "raw data").mkdir(parents=True)
    (raw / "config.yaml").write_text("cohort: mine\n", encoding="utf-8")
    (raw / "raw data" / "M1 ROI_1 (µm).csv").write_bytes(b"x,y\r\n1,2\r\n")
    done = tumint("store", raw, "s3://lab/mice", cwd=tmp_path, env=s3)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"store: 2 files of {raw} → s3://lab/mice\n"
    out = tmp_path / "here"
    out.mkdir()
    (out / "config.yaml").write_text("cohort: changed\n", encoding="utf-8")
    done = tumint("fetch", "s3://lab/mice", "-o", out, cwd=tmp_path, env=s3)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"fetch: 1 file → {out}; 1 file stayed\n"
    assert _bytes(out) == _bytes(raw) | {"config.yaml": hashlib.sha256(b"cohort: changed\n").hexdigest()}
    assert not (raw / ".snakemake").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://none/mice", "s3://none/mice: expected that every file can be read, found NoSuchBucket"),
        (
            "s3://lab/odd",
            "s3://lab/odd: expected that every file can be read, found `../up.txt` leads out of the folder",
        ),
        ("s3://lab/empty", "s3://lab/empty: expected files below it, found none"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(s3, tumint, tmp_path, url, said):
    done = tumint("fetch", url, "-o", "out", cwd=tmp_path, env=s3)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [f"tumint: {said}."]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fetch", "ftp://lab/mice", "-o", "out"), "URL: expected one of s3://.*, found `ftp://lab/mice`"),
        (("fetch", "s3:///mice", "-o", "out"), "URL: expected .* with a bucket, found `s3:///mice`"),
        (("fetch", "gs://lab/mice", "-o", "out"), "the package snakemake-storage-plugin-gcs .*not installed"),
        (("store", "nothing", "s3://lab/mice"), "a folder to store, found none at `nothing`"),
        (("store", ".", "s3://lab/mice"), "files to store, found none"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert main(list(arguments)) == 2
    assert re.search(said, capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_of_what_was_fetched_gives_the_same_bytes(s3, tumint, tmp_path):
    """Raw tables from S3, reports back to it; beside it the same cohort that never left the disk."""
    near, far, back = tmp_path / "near", tmp_path / "far", tmp_path / "back"
    near.mkdir()
    for words in (("simulate", "data", "--subjects", 4, "--rois", 1, "--cells", 400), ("run", "data/config.yaml")):
        done = tumint(*words, cwd=near)
        assert done.returncode == 0, done.stderr
    for words, cwd in (
        (("store", "data", "s3://lab/cohort/data"), near),
        (("fetch", "s3://lab/cohort", "-o", far), tmp_path),
        (("run", "data/config.yaml"), far),
        (("store", "results/simulated_lung", "s3://lab/results"), far),
        (("fetch", "s3://lab/results/reports", "-o", back), tmp_path),
    ):
        done = tumint(*words, cwd=cwd, env=s3)
        assert done.returncode == 0, done.stderr
    assert _bytes(back) == _bytes(far / "results" / "simulated_lung" / "reports")
    stages = ("ingest", "qc", "cluster", "neighbourhood", "response")
    ours, theirs = (_bytes(folder / "results" / "simulated_lung") for folder in (near, far))
    tables = [name for name in ours if name.split("/")[0] in stages]
    assert len(tables) > 30
    assert {name: theirs.get(name) for name in tables} == {name: ours[name] for name in tables}
