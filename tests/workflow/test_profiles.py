"""Profiles for schedulers not at hand: dry runs with the real plugins, runs by a `qsub` and a `kubectl` made here."""

from __future__ import annotations

import json
import sys

import pytest

_QSUB = """#!{python}
# takes what Grid Engine's takes, refuses other options, and runs the script at once
import subprocess, sys
words, known, flags = sys.argv[1:], {{"-j", "-o", "-N", "-l"}}, {{"-terse", "-cwd", "-V"}}
asked = []
while words[0].startswith("-"):
    word = words.pop(0)
    if word in flags:
        continue
    count = 2 if word == "-pe" else 1
    assert word == "-pe" or word in known, word
    asked.append((word, words[:count]))
    words = words[count:]
(script,) = words
with open("asked.txt", "a") as file:
    print(*asked, file=file)
subprocess.Popen(["sh", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
print(len(open("asked.txt").readlines()))
"""

_KUBECTL = """#!{python}
# takes the jobs that kubectl takes and runs them at once; the first that clusters is ended as for want of memory
import json, os, pathlib, subprocess, sys, yaml
words, kept = sys.argv[1:], pathlib.Path({kept!r})
with (kept / "calls.txt").open("a") as file:
    print(*words, file=file)
if words == ["create", "-o", "name", "-f", "-"]:
    job = yaml.safe_load(sys.stdin)
    name = f"{{job['metadata']['generateName']}}{{len(list(kept.glob('*.json')))}}"
    (kept / f"{{name}}.json").write_text(json.dumps(job))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    killed = job["metadata"]["labels"]["rule"] == "cluster" and not (kept / "killed").exists()
    if killed:
        (kept / "killed").touch()
        (kept / f"{{name}}.end").write_text("137")
    else:
        end = kept / name
        script = f"{{' '.join(container['command'])}}; echo $? > {{end}}.part; mv {{end}}.part {{end}}.end"
        clean = dict(PATH="/usr/bin:/bin", HOME=os.environ.get("HOME", "/"), PYTHONPATH=os.environ["PYTHONPATH"])
        env = clean | {{one["name"]: one["value"] for one in container["env"]}}
        log = (kept / f"{{name}}.log").open("w")
        subprocess.Popen(
            ["sh", "-c", script], cwd=container["workingDir"], env=env, stdout=log, stderr=log, start_new_session=True
        )
    print(f"job.batch/{{name}}")
elif words[0] == "get":
    assert words[2:4] == ["--ignore-not-found", "-o"], words
    assert words[4] == "jsonpath=/{{.status.succeeded}}/{{.status.failed}}/", words
    end = kept / f"{{words[1].removeprefix('job.batch/')}}.end"
    print("///" if not end.exists() else "/1//" if int(end.read_text()) == 0 else "//1/", end="")
else:
    assert words[:3] == ["delete", "--wait=false", "--ignore-not-found"], words
"""


@pytest.fixture
def cohort(tmp_path, tumint):
    done = tumint("simulate", "data", "--subjects", 4, "--rois", 1, "--cells", 300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.mark.whole
@pytest.mark.parametrize("name", ["lsf", "sge"])
def test_dry_run_with_the_real_plugin(cohort, tumint, name):
    done = tumint("run", "data/config.yaml", "--profile", name, "--", "--dry-run", cwd=cohort)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "This was a dry-run" in done.stdout + done.stderr


@pytest.mark.slow
def test_grid_engine_is_asked_for_memory_time_and_threads(cohort, tumint):
    qsub = cohort / "bin" / "qsub"
    qsub.parent.mkdir()
    qsub.write_text(_QSUB.format(python=sys.executable))
    qsub.chmod(0o755)
    more = ("--latency-wait", 5, "--jobs", 2)
    path = {"PATH": f"{qsub.parent}:/usr/bin:/bin"}
    done = tumint("run", "data/config.yaml", "--profile", "sge", "--", *more, cwd=cohort, env=path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (cohort / "results" / "simulated_lung" / "reports" / "index.html").exists()
    asked = (cohort / "asked.txt").read_text().splitlines()
    for line in asked:
        assert "h_vmem=" in line
        assert "h_rt=0:" in line
        assert "('-pe', ['smp', '" in line
    assert any("tumint.ingest" in line for line in asked)


@pytest.fixture
def kubectl(cohort):
    """The environment of a run beside a `kubectl`, and the folder where that keeps what it was told."""
    kept, program = cohort / "kept", cohort / "bin" / "kubectl"
    kept.mkdir()
    program.parent.mkdir()
    program.write_text(_KUBECTL.format(python=sys.executable, kept=str(kept)))
    program.chmod(0o755)
    values = {"TUMINT_IMAGE": "example.org/tumint:1", "TUMINT_CLAIM": "cohorts", "TUMINT_MOUNT": str(cohort)}
    return {"PATH": f"{program.parent}:/usr/bin:/bin", **values}, kept


@pytest.mark.whole
def test_dry_run_for_kubernetes(cohort, tumint, kubectl):
    words = ("run", "data/config.yaml", "--profile", "kubernetes", "--", "--dry-run")
    environment, kept = kubectl
    done = tumint(*words, cwd=cohort, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "This was a dry-run" in done.stdout + done.stderr
    assert list(kept.iterdir()) == []


@pytest.mark.slow
def test_kubernetes_is_sent_jobs_of_the_image_on_the_volume(cohort, tumint, kubectl):
    environment, kept = kubectl
    more = ("--latency-wait", 5, "--jobs", 1, "--seconds-between-status-checks", 1)
    done = tumint("run", "data/config.yaml", "--profile", "kubernetes", "--", *more, cwd=cohort, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (cohort / "results" / "simulated_lung" / "reports" / "index.html").exists()
    jobs = [json.loads(path.read_text()) for path in kept.glob("*.json")]
    for job in jobs:
        pod = job["spec"]["template"]["spec"]
        (container,), (volume,) = pod["containers"], pod["volumes"]
        assert container["image"] == "example.org/tumint:1"
        assert container["workingDir"] == str(cohort)
        assert volume["persistentVolumeClaim"] == {"claimName": "cohorts"}
        assert container["volumeMounts"] == [{"name": volume["name"], "mountPath": str(cohort)}]
        assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
        assert pod["activeDeadlineSeconds"] % 60 == 0
        assert (pod["restartPolicy"], job["spec"]["backoffLimit"]) == ("Never", 0)
    clustered = [job for job in jobs if job["metadata"]["labels"]["rule"] == "cluster"]
    asked = sorted(_megabytes(job) for job in clustered)
    assert len(asked) == 2  # the first was killed without a word
    assert asked[1] == 2 * asked[0]
    assert any((cohort / ".snakemake" / "kernels").rglob("*.nbi"))


def _megabytes(job: dict) -> int:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return int(container["resources"]["requests"]["memory"].removesuffix("M"))
