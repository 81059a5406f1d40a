# Config, sheet and panel, checked when the workflow is parsed; what the rules share. The functions are in tumint.jobs.
import atexit
import os
import sys
import time

from tumint import ended, jobs, preflight
from tumint.config import niche_params, stage_params
from tumint.config.yaml_file import read_yaml
from tumint.errors import TumintError
from tumint.handed import Handed
from tumint.io.atomic import remove_leftovers
from tumint.stages import ALL, STAGES
from tumint.provenance import code_digest
from tumint.report.engine.files import summary_names
from tumint.watch import Watch, no_later_than_now

# only where none is given: Snakemake would merge the two, and a cohort would inherit the demo's settings
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


# jobs call the `tumint` of the environment that runs Snakemake, also where that is not activated
os.environ.update(PATH=os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")]))
# what Snakemake starts takes no module from the working folder, which holds data
os.environ.update(PYTHONSAFEPATH="1")

STARTED = time.time()


def fail(error):
    """One line per fault, as `tumint` itself prints them, and no traceback."""
    for fault in error.faults:
        print(f"tumint: {fault}", file=sys.stderr)
    sys.exit(2)


def say_the_end():
    """What a run comes to, in three lines; nothing that goes wrong here is worth a run that went well."""
    from tumint.config import load_params
    from tumint.report.index import ending

    try:
        print(*ending.lines(load_params(PARAMS["report"]), RESULTS, SHEET), sep="\n", file=sys.stderr)
    except TumintError as error:
        print(*(f"tumint: {fault}" for fault in error.faults), sep="\n", file=sys.stderr)


try:
    for path in workflow.configfiles:
        read_yaml(path)  # a key that is there twice is no longer so in what Snakemake read
    COHORT = preflight.load(config, ", ".join(os.path.relpath(path) for path in workflow.configfiles))
    BATCHES = jobs.batches(COHORT.sheet, COHORT.config.samples_per_job)
    GROUPS = jobs.subject_batches(COHORT.sheet, COHORT.config.samples_per_job)
    jobs.check_reader(COHORT.config.ingest)
except TumintError as error:
    fail(error)

RESULTS = f"{COHORT.config.results}/{COHORT.config.cohort}"
SHEET = COHORT.config.samples
PARAMS = {stage: stage_params(COHORT.config, COHORT.panel, stage) for stage in ALL}
PARAMS["niches"] = niche_params(COHORT.config)
# what grows with the cohort or the panel is handed to jobs in files: a command line has an end
HANDED = Handed(f".snakemake/tumint_{COHORT.config.cohort}")
SETTINGS = {stage: HANDED.text(f"{stage}.params", text) for stage, text in PARAMS.items()}
# the user's own files are no inputs of rules: Snakemake would go by their dates
WATCH = Watch(f".snakemake/tumint_{COHORT.config.cohort}.files.json")
CODE = {stage: code_digest(stage) for stage in STAGES}
CODE["ingest"] = code_digest("ingest", COHORT.config.ingest.format)
CODE |= {f"report_{name}": code_digest(f"report_{name}") for name in (*CODE, "index", "cohort", "spatialdata")}


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",


onstart:
    # in place of Snakemake's own lock, which outlives a kill (the default profile leaves it out)
    try:
        jobs.hold_lock(f".snakemake/tumint_{COHORT.config.cohort}.lock")
        # another run may be started elsewhere and still write here
        jobs.hold_lock(f"{RESULTS}/.lock")
    except TumintError as error:
        fail(error)
    if left := jobs.end_earlier(f".snakemake/tumint_{COHORT.config.cohort}.run", log):
        print(
            f"tumint: cancelled in Slurm, as the run that sent them was killed: {', '.join(left)}", file=sys.stderr
        )
    remove_leftovers(RESULTS)
    jobs.remove_told(f"{RESULTS}/logs")
    jobs.remove_other_batches(RESULTS, {**BATCHES, **GROUPS})
    no_later_than_now(RESULTS)
    HANDED.write()
    MADE.forget()
    WATCH.save()


onsuccess:
    WATCH.save(hashes=True)
    MADE.save()
    # after the last line of Snakemake's own: where the report is, what was found, what was lost
    atexit.register(say_the_end)


onerror:
    WATCH.save(hashes=True)
    # last, where it is read and after Snakemake's own words: what jobs found wrong with the data
    faults = jobs.faults_in_logs(f"{RESULTS}/logs", since=STARTED)
    said = ended.with_faults(ended.jobs(log, since=STARTED), faults)
    atexit.register(lambda: print(*said, sep="\n", file=sys.stderr))


wildcard_constraints:
    batch=r"b\d+",
    group=r"g\d+",


def config_of(stage):
    """The settings that a stage, or a part, sees, as JSON, for `tumint plan` to name what changed; jobs read SETTINGS.

    A function, because Snakemake would take its braces for wildcards.
    """
    return lambda wildcards: PARAMS[stage]


def everything(wildcards):
    """All outputs; those that are not as a run left them are made again, as if `--forcerun` had named them."""
    for output, fault in MADE.broken.items():
        if output not in workflow.dag.forcefiles:
            print(f"tumint: {fault}", file=sys.stderr)
            workflow.dag.forcefiles.add(output)
    return EVERYTHING


def memory(stage):
    return lambda wildcards, input, attempt: jobs.memory_mb(stage, input.size_mb, attempt)


def raw_files(batch):
    """The files that ingest reads for a batch."""
    return jobs.raw_files(COHORT.sheet, BATCHES[batch], COHORT.config.ingest)


def memory_of_raw(wildcards, attempt):
    return jobs.memory_mb("ingest", WATCH.size_mb(raw_files(wildcards.batch)), attempt)


def minutes(stage):
    return lambda wildcards, attempt: jobs.minutes(stage, attempt)


def every_batch(pattern):
    """`pattern` for all batches, in the order of the sheet."""
    return expand(pattern, batch=BATCHES)


def every_group(pattern):
    """`pattern` for all groups of subjects."""
    return expand(pattern, group=GROUPS)


def batches_of(pattern, group):
    """`pattern` for the batches that hold samples of a group of subjects."""
    samples = set(GROUPS[group])
    return expand(pattern, batch=[name for name, batch in BATCHES.items() if samples.intersection(batch)])


def folder_of(name):
    """The folder of the output called `name`, for verbs that write several files into one."""
    return lambda wildcards, output: os.path.dirname(getattr(output, name))


def folder_above(name):
    """The folder above the folder of the output called `name`: the results of the cohort."""
    return lambda wildcards, output: os.path.dirname(os.path.dirname(getattr(output, name)))
