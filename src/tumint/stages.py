"""The stages of the workflow in order: what each is called, what it sees of the config, and what its jobs need.

Everything that goes through all stages (command line, workflow, reports) takes them from here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """Memory (`base_mb` + `per_mb` × MB of the inputs) and minutes of a job of one stage at its first attempt."""

    base_mb: int
    per_mb: float
    minutes: int


@dataclass(frozen=True)
class Stage:
    """A stage.

    Attributes
    ----------
    name
        Its section of the config, package, folder of results and verb.
    title, says
        Of its report, and one line on what is in it.
    need
        Of its jobs.
    shared
        Keys of the config outside its section that it sees, `panel` among them; a change of these makes it run again.
    tab
        What it is called in the navigation of reports, where that is not its name.
    """

    name: str
    title: str
    says: str
    need: Need
    shared: tuple[str, ...] = ()
    tab: str = ""

    @property
    def random(self) -> bool:
        """Whether it draws random numbers."""
        return "seed" in self.shared


STAGES = {
    stage.name: stage
    for stage in (
        Stage(
            "ingest",
            "Ingest",
            "Every raw file, its hash, its cells and tissue domains",
            Need(base_mb=600, per_mb=8, minutes=30),
            ("panel",),
        ),
        Stage(
            "qc",
            "Quality control",
            "Cells dropped, why and where",
            Need(base_mb=600, per_mb=12, minutes=30),
            ("seed",),
            tab="Quality control",
        ),
        Stage(
            "cluster",
            "Clusters and cell types",
            "Cell types, their markers and maps",
            Need(base_mb=1000, per_mb=25, minutes=240),
            ("panel", "seed"),
        ),
        Stage(
            "neighbourhood",
            "Neighbourhoods",
            "Who touches whom beyond chance, and what is only shared tissue",
            Need(base_mb=700, per_mb=20, minutes=60),
            ("seed",),
        ),
        Stage(
            "response",
            "Response",
            "What differs between groups of subjects",
            Need(base_mb=500, per_mb=20, minutes=60),
            ("seed", "exclude"),
        ),
    )
}
REPORT = Stage(
    "report",
    "Reports",
    "A page per stage and one over all",
    Need(base_mb=900, per_mb=30, minutes=60),
    ("cohort", "title", "source", "simulated", "data", "samples_per_job", "exclude"),
)
ALL = {**STAGES, REPORT.name: REPORT}  # the six words
