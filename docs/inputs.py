"""docs/inputs.md, the kinds of input that were tried: `python docs/inputs.py`. The lists below are run by tests.

Those of `SHARED` and `MADE` go to their report by one command each in tests/ingest/test_inputs.py, which first sees the
command refused for every option that is needed, by a line that names it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "inputs.md"
_FORMATS, _INIT = "tests/ingest/test_readers.py::", "tests/ingest/test_init.py::"
_ODD, _PHENOTYPES = "tests/ingest/test_odd_tables.py::", "tests/ingest/test_phenotypes.py::"
_GENES, _OWN = "tests/ingest/test_transcripts.py::", "tests/ingest/test_own_cohorts.py::"
_HERE = "tests/ingest/test_inputs.py::"


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes
    ----------
    what
        What a lab has.
    source
        What `--from` gets: below the real cohorts (`SHARED`), or below the folder that the test makes (`MADE`).
    form
        The format that `tumint init` recognises.
    values
        The test that compares the cells with an independent reading.
    options
        What only a person can say, each asked for by the message of its name.
    """

    what: str
    source: str
    form: str
    values: str
    options: tuple[str, ...] = ()

    @property
    def asked(self) -> list[str]:
        """The names of the options."""
        return [word for word in self.options if word.startswith("--")]


_FEW = ("--min-cells", "5")
SHARED: Sequence[Kind] = (
    Kind(
        "Mouse tumour CODEX: a CSV for each of 3 regions",
        "mouse_tumour_codex",
        "table",
        "tests/ingest/test_cohorts.py::test_mouse_tumour_codex",
    ),
    Kind(
        "Lung cancer mIF: 80 CSVs in a folder",
        "cells",
        "table",
        "tests/ingest/test_cohorts.py::test_nsclc_mif",
    ),
    Kind(
        "The same by its sample sheet, with outcomes",
        "samples.tsv",
        "table",
        "tests/ingest/test_cohorts.py::test_nsclc_mif",
    ),
    Kind(
        "Mouse spleen CODEX: gzipped CSVs with `x_coordinate`, `CellType`, `Compartment`",
        "mouse_spleen_codex",
        "table",
        _INIT + "test_real_data",
        ("--um-per-px", "0.377"),
    ),
    Kind(
        "Lung adenocarcinoma CyCIF: table of MCMICRO",
        "luad_cycif_mcmicro",
        "mcmicro",
        _FORMATS + "test_mcmicro",
        ("--um-per-px", "0.65"),
    ),
    Kind(
        "Mouse lung single-cell RNA: AnnData without places",
        "mouse_lung_scrna",
        "h5ad",
        _FORMATS + "test_single_cell_rna_of_four_mice",
    ),
    Kind(
        "ImcSegmentationPipeline: folder of CellProfiler",
        "imc_reader_fixtures/analysis/cpout",
        "cellprofiler_folder",
        _FORMATS + "test_imc_segmentation_pipeline",
        _FEW,
    ),
    Kind(
        "steinbock: its folder",
        "imc_reader_fixtures/steinbock",
        "steinbock",
        _FORMATS + "test_steinbock",
        _FEW,
    ),
    Kind(
        "steinbock: one exported CSV",
        "imc_reader_fixtures/steinbock/cells.csv",
        "steinbock",
        _FORMATS + "test_steinbock_as_one_table_and_as_anndata",
        _FEW,
    ),
    Kind(
        "steinbock: exported AnnData",
        "imc_reader_fixtures/steinbock/cells.h5ad",
        "steinbock",
        _FORMATS + "test_steinbock_as_one_table_and_as_anndata",
        _FEW,
    ),
    Kind(
        "CellProfiler's tables within steinbock",
        "imc_reader_fixtures/steinbock/cellprofiler_output",
        "cellprofiler_folder",
        _FORMATS + "test_imc_segmentation_pipeline",
        _FEW,
    ),
)
MADE: Sequence[Kind] = (
    Kind(
        "Label masks and multi-channel TIFFs",
        "project",
        "masks",
        "tests/ingest/test_masks.py::test_the_numbers_of_steinbock",
    ),
    Kind(
        "One table, images and patients in columns",
        "patients.csv",
        "table",
        _INIT + "test_groups_are_shown_with_their_counts_and_the_rule",
    ),
    Kind(
        "A sheet of somebody's own that names the files",
        "sheet/s.csv",
        "table",
        _INIT + "test_a_sheet_is_taken",
    ),
    Kind(
        "A folder for each arm",
        "arms",
        "table",
        _INIT + "test_several_data_sets_are_listed_and_folders_of_one_kind_are_one",
    ),
    Kind(
        "AnnData with `imageid`, `subject` and `X_spatial`",
        "d.h5ad",
        "h5ad",
        _INIT + "test_an_anndata_with_images_and_patients",
    ),
    Kind(
        "A table in pixels of unknown size",
        "pixels.csv",
        "table",
        _INIT + "test_units_come_from_how_near_cells_lie",
        ("--um-per-px", "0.5"),
    ),
    Kind(
        "A column of flags for each phenotype",
        "flags.csv",
        "table",
        _ODD + "test_flags_become_types",
    ),
    Kind(
        "Unicode text of a spreadsheet: UTF-16, tabs, decimal commas",
        "unicode.txt",
        "table",
        _ODD + "test_the_value_is_right",
    ),
    Kind(
        "Thousands separators",
        "thousands.csv",
        "table",
        _ODD + "test_thousands_that_can_be_nothing_else_are_read",
    ),
    Kind(
        "Ids that begin anew in each field of an image",
        "fields.csv",
        "table",
        _HERE + "test_ids_that_begin_anew_are_decided",
    ),
    Kind(
        "Columns of no known name",
        "unnamed.csv",
        "table",
        _INIT + "test_what_a_person_says_goes_before",
        ("--x", "left", "--y", "down"),
    ),
    Kind(
        "inForm `*_cell_seg_data.txt`, decimal commas",
        "a_cell_seg_data.txt",
        "inform",
        _INIT + "test_inform_with_decimal_commas_and_flags",
    ),
)
EXAMPLES = {  # of docs/cohorts.md: the test of their values
    "CosMx": _GENES + "test_cosmx_slide",
    "MERSCOPE": _GENES + "test_merscope",
    "Visium HD": _GENES + "test_visium_hd",
    "inForm, phenoptrReports": _PHENOTYPES + "test_consolidated_data_of_phenoptr",
    "HALO": _PHENOTYPES + "test_halo_with_phenotypes",
    "QuPath, measurements": _PHENOTYPES + "test_classes_of_qupath_built_of_several",
    "QuPath, GeoJSON": _PHENOTYPES + "test_objects_of_qupath_as_geojson",
    "steinbock": _PHENOTYPES + "test_anndata_of_steinbock",
    "SpatialData": _PHENOTYPES + "test_spatialdata_of_several_tables_asks_for_one",
    "Xenium": _FORMATS + "test_xenium",
    "Imaris and other numeric tables": _PHENOTYPES + "test_statistics_of_imaris_as_a_table",
}


def tests() -> list[str]:
    """Every test that the page names, `file::function`."""
    return [*(one.values for one in (*SHARED, *MADE)), *EXAMPLES.values(), *_REPORTS]


_REPORTS = (
    _HERE + "test_real_data_to_the_report",
    _HERE + "test_made_data_to_the_report",
    _OWN + "test_an_example_to_its_report",
)


def _row(what: str, form: str, values: str, edits: str, commands: int) -> str:
    return f"| {what} | `{form}` | `{values.rpartition('/')[2]}` | {edits} | {commands} |"


def _edits(options: Sequence[str]) -> str:
    names = [word for word in options if word.startswith("--")]
    return f"{len(names)}: {', '.join(f'`{name}`' for name in names)}" if names else "0"


def _table(rows: Sequence[str]) -> str:
    head = "| input | recognised as | values right by | manual edits | commands to the first report |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def page() -> str:
    """The page."""
    cohorts = _cohorts()
    kinds = ((one, _row(one.what, one.form, one.values, _edits(one.options), 1)) for one in (*SHARED, *MADE))
    rows = {one: row for one, row in kinds}
    examples = [
        _row(f"{one.title}: `{one.source}`", one.decided["format"], EXAMPLES[one.title], "0", len(one.commands))
        for one in cohorts.EXAMPLES
    ]
    total = len(SHARED) + len(MADE) + len(examples)
    return (
        "\n\n".join(
            [
                "# Which inputs were tried",
                f"{total} kinds of input, each from what a lab has to the first report. One command is "
                "`tumint init cohort --from INPUT --run`. A manual edit is an option (or its key in `config.yaml`) "
                "that only a person can give: without it that command writes nothing, and one line names it. Tests see "
                "the refusal, give the option, and wait for the report. *Values right by* is the test that compares "
                "the cells with another reading of the same file. Written by `docs/inputs.py` from the lists that the "
                "tests run.",
                "## Real data",
                "Public measurements that lie beside the repository, not in it "
                "(`pytest -m slow tests/ingest/test_inputs.py`).",
                _table([rows[one] for one in SHARED]),
                "## Made data, as labs have them",
                "Small files that the same test writes.",
                _table([rows[one] for one in MADE]),
                "## Formats of programs",
                "The examples of [cohorts.md](cohorts.md), on files made as the program documents them "
                "(`pytest -m slow tests/ingest/test_own_cohorts.py`).",
                _table(examples),
                "What a table may have besides (delimiters, encodings, dates, empty types, look-alikes: "
                "about a hundred cases, each the right value or one line that says what mends it) is in "
                "`tests/ingest/test_odd_tables.py`.",
            ]
        )
        + "\n"
    )


def _cohorts() -> Any:
    """docs/cohorts.py, which is no module of a package."""
    spec = importlib.util.spec_from_file_location("cohorts_page", ROOT / "docs" / "cohorts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["cohorts_page"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
