"""docs/cohorts.md, from the examples below: `python docs/cohorts.py`. A test makes the data of each example, runs its
commands, and compares what `tumint init` decided, and the page, with what is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "cohorts.md"
LONGEST = 10  # lines of one format
_RUN = "tumint run cohort/config.yaml"


@dataclass(frozen=True)
class Example:
    """One kind of data.

    Attributes
    ----------
    title, what
        Its heading, and what lies in `source`.
    source
        What `--from` gets.
    make
        `(module, function)` of tests/data that makes it, and with which arguments after the path.
    decided
        The section `ingest` that init writes (the format, and what else it found).
    n
        Samples and cells of the made data.
    check
        What a person has to look at before the run.
    """

    title: str
    what: str
    source: str
    make: tuple[str, str, dict[str, Any]]
    decided: dict[str, Any]
    n: tuple[int, int]
    check: str = ""
    inside: str = ""  # where in `source` the function writes
    types: bool = False  # the data bring types

    @property
    def commands(self) -> list[str]:
        """From the data to the first report."""
        return [f"tumint init cohort --from {self.source}", _RUN]


_MARKERS = ("CD8", "FoxP3", "PanCK")
EXAMPLES: Sequence[Example] = (
    Example(
        "CosMx",
        "`<slide>_metadata_file.csv`, `_exprMat_file.csv` and `_fov_positions_file.csv`, plain or gzipped.",
        "cosmx",
        ("make_transcripts", "cosmx", {}),
        {"format": "cosmx", "pixel_size_um": 0.12028},
        (1, 18),
        "A slide is a sample; for one per field of view, add the column `part` (its number) to `samples.tsv`. The "
        "pixel size comes from the positions of the fields where they are there in mm too. Cell 34 of field 12 "
        "is 12000034.",
    ),
    Example(
        "MERSCOPE",
        "A folder for each region with `cell_metadata.csv` and `cell_by_gene.csv`, also of the post-processing tool.",
        "merscope",
        ("make_transcripts", "merscope", {}),
        {"format": "merscope"},
        (1, 14),
        "Cells are numbered by row; their `EntityID` is kept as `cell_name`.",
        inside="region_0",
    ),
    Example(
        "Visium HD",
        "`outs` of Space Ranger 4 and later with `segmented_outputs`. Bins are no cells, and are refused.",
        "M1/outs",
        ("make_transcripts", "visium_hd", {}),
        {"format": "visium_hd"},
        (1, 10),
        "µm per pixel are those of `spatial/scalefactors_json.json`.",
    ),
    Example(
        "inForm, phenoptrReports",
        "`*_cell_seg_data.txt`, or `Consolidated_data.txt` with a column for each phenotype (`Phenotype CD8`: `CD8+`).",
        "phenoptr",
        ("make_phenotypes", "consolidated", {}),
        {"format": "inform", "columns": {"cell_type": [f"Phenotype {marker}" for marker in _MARKERS]}},
        (2, 24),
        "A cell's type is all the phenotypes that it has. Leave out of the list those that are states (Ki67, PD-L1).",
        inside="Consolidated_data.txt",
        types=True,
    ),
    Example(
        "HALO",
        "Object data as CSV. Phenotypes of the analysis are 0/1 columns; without any, positive channels are taken.",
        "halo",
        ("make_phenotypes", "halo", {}),
        {"format": "halo", "columns": {"cell_type": ["Cytotoxic T cell", "Treg"]}},
        (1, 14),
        "HALO writes no pixel size: set `ingest.pixel_size_um`. Which columns are types: `ingest.columns.cell_type`.",
        inside="objects.csv",
        types=True,
    ),
    Example(
        "QuPath, measurements",
        "Detections as TSV or CSV, of one image or all. Classes such as `CD8: FoxP3` are types as they stand.",
        "qupath",
        ("make_formats", "qupath", {}),
        {"format": "qupath"},
        (2, 24),
        "`Parent` becomes the tissue domain.",
        inside="detections.tsv",
        types=True,
    ),
    Example(
        "QuPath, GeoJSON",
        "Objects of one image in each file (*File > Export objects as GeoJSON*); a cell is where its outline is.",
        "objects",
        ("make_phenotypes", "qupath_geojson", {}),
        {"format": "qupath"},
        (1, 12),
        "GeoJSON is in pixels: set `ingest.pixel_size_um`. Annotations with a class become the tissue domain.",
        inside="slide1.geojson",
        types=True,
    ),
    Example(
        "steinbock",
        "The project folder, or all images in one file by `steinbock export csv` or `export anndata`.",
        "cells.h5ad",
        ("make_phenotypes", "steinbock_anndata", {}),
        {"format": "steinbock"},
        (2, 20),
    ),
    Example(
        "SpatialData",
        "A store. Of several tables one is named by its path; without that, the message lists them.",
        "slide.zarr/tables/cells",
        ("make_phenotypes", "spatialdata", {}),
        {"format": "spatialdata", "columns": {"cell_type": "cell_type"}, "table": "cells"},
        (1, 8),
        types=True,
    ),
    Example(
        "Xenium",
        "The output folder of a region, or a folder of several.",
        "xenium",
        ("make_formats", "xenium", {}),
        {"format": "xenium"},
        (1, 15),
    ),
    Example(
        "Imaris and other numeric tables",
        "Statistics joined to one table for each image, its first line the header.",
        "spots.csv",
        ("make_phenotypes", "imaris", {}),
        {"format": "table", "columns": {"x": "Position X", "y": "Position Y", "cell_id": "ID"}},
        (1, 11),
        "Channels are named by number: give `panel.yaml` the name of each (`marker`), its column stays `channel`.",
    ),
)


def page() -> str:
    """The page."""
    parts = [
        "# Bring your own cohort",
        "From the file that you have to the first report. In every case `tumint init` writes `cohort/config.yaml`, "
        "`cohort/samples.tsv` and `cohort/panel.yaml`; lines that say `# check:` were guessed. To compare groups, add "
        "a column to `samples.tsv` (one row per image: subject, treatment, outcome) and name it in "
        "`response.contrasts`. `tumint init cohort --from DATA --run` is both commands in one: it runs unless "
        "something is left that only you can say, such as the size of a pixel, and then writes nothing and names the "
        "option. Which inputs were tried: [inputs.md](inputs.md).",
        "Written by `docs/cohorts.py`; tests make the data of each example and run its commands. What else can be "
        "read, and the rules of reading: [ingest.md](ingest.md).",
    ]
    for example in EXAMPLES:
        lines = [f"## {example.title}", example.what, "```sh", *example.commands, "```"]
        parts.append("\n".join([*lines, *([example.check] if example.check else [])]))
    parts.append(
        "## Types of your own\n"
        "A CSV with `cell_id` and `cell_type` (and `sample` where ids repeat) gives the types, whatever wrote "
        "the data:\n"
        "```yaml\ncluster: {types_from: my_types.csv}\n```\n"
        "Cells are looked for by id, by what their source calls them (a barcode, `EntityID`, `field_cell`), and by\n"
        "`sample:id`, the names in our own h5ad. The log and the report say how many matched; the others are\n"
        "`unclassified`. With `typing: table` the file has `cluster` and `cell_type`."
    )
    parts.append(
        "## On to scanpy and squidpy\n"
        "`results/<cohort>/cohort.h5ad` holds every cell with its type, domain and all columns of the sheet.\n"
        "`report: {spatialdata: true}` writes the same as a SpatialData store, `cohort.zarr`: each ROI in a\n"
        "coordinate system of its own, in µm.\n"
        "```python\nimport anndata as ad\nimport scanpy as sc\nimport squidpy as sq\n\n"
        'cells = ad.read_h5ad("results/cohort/cohort.h5ad")\n'
        'sc.tl.rank_genes_groups(cells, "arm")  # any column of the sheet\n'
        'sq.gr.nhood_enrichment(cells, cluster_key="cell_type")  # on the contacts that tumint counted\n```'
    )
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
