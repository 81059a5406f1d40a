# Files from object storage, and to it, by Snakemake's own storage plugins: `tumint fetch` and `tumint store` start this.
#
# config: `task` (fetch or store), `provider` (the plugin, such as s3), `url`, and `files`, a JSON list of the paths below
# the working folder, which is below `url` as it is here. Without `files`, fetch takes all that lies below `url`.
import json
import os

from snakemake.exceptions import WorkflowError

PROVIDER = getattr(storage, config["provider"])
URL = config["url"]


def below(url):
    """Paths of all that lies below `url`."""
    place = PROVIDER(f"{url}/").flags["storage_object"]
    if hasattr(place, "s3bucket"):  # its own way of listing (0.3.6) looks for the name of the bucket before `s3://`
        prefix = f"{place.key.strip('/')}/".lstrip("/")
        found = [item.key.removeprefix(prefix) for item in place.s3bucket().objects.filter(Prefix=prefix)]
    else:
        found = glob_wildcards(PROVIDER(f"{url}/{{path}}")).path
    found = sorted(path for path in found if path and not path.endswith("/"))
    for path in found:  # names that somebody else gave
        if os.path.isabs(path) or ".." in path.split("/"):
            raise WorkflowError(f"`{path}` leads out of the folder")
    return found


if config["files"]:
    with open(config["files"], encoding="utf-8") as listed:
        FILES = json.load(listed)
else:
    FILES = [path for path in below(URL) if not os.path.exists(path)]  # what is there is the user's


rule all:
    default_target: True
    input:
        FILES if config["task"] == "fetch" else [PROVIDER(f"{URL}/{path}") for path in FILES],
    localrule: True


if config["task"] == "fetch":

    rule fetch:
        input:
            lambda wildcards: PROVIDER(f"{URL}/{wildcards.path}"),
        output:
            "{path}",
        wildcard_constraints:
            path=r"(?!\.snakemake/).+",  # where Snakemake keeps copies of what is stored
        message:
            "fetch {wildcards.path}"
        shell:
            "cp {input:q} {output:q}"

else:

    rule store:
        input:
            "{path}",
        output:
            PROVIDER(f"{URL}/{{path}}"),
        wildcard_constraints:
            path=r"(?!\.snakemake/).+",  # where Snakemake keeps copies of what is stored
        message:
            "store {wildcards.path}"
        shell:
            "cp {input:q} {output:q}"
