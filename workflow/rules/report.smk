# Each report depends on what it reads, and none on a later stage; the index on all reports.
TABLES = {
    "ingest": [
        *every_batch("<results>/ingest/{batch}.samples.parquet"),
        *every_batch("<results>/ingest/{batch}.h5ad"),
    ],
    "qc": [
        *every_batch("<results>/qc/{batch}.metrics.parquet"),
        *every_batch("<results>/qc/{batch}.cells.parquet"),
        "<results>/qc/rois.parquet",
        "<results>/qc/channels.parquet",
        "<results>/qc/spillover.parquet",
        "<results>/qc/stripes.parquet",
    ],
    "cluster": [
        "<results>/cluster/cells.parquet",
        "<results>/cluster/clusters.parquet",
        "<results>/cluster/marker_means.parquet",
        *expand("<results>/cluster/{table}.parquet", table=CLUSTER_TABLES),
    ],
    "neighbourhood": [
        "<results>/neighbourhood/interactions.parquet",
        "<results>/neighbourhood/distances.parquet",
        "<results>/neighbourhood/features.parquet",
        "<results>/neighbourhood/domains.parquet",
        "<results>/neighbourhood/margins.parquet",
        "<results>/neighbourhood/phenotypes.parquet",
        "<results>/neighbourhood/places.parquet",
        "<results>/neighbourhood/niches.parquet",
        "<results>/neighbourhood/niche_types.parquet",
        "<results>/neighbourhood/niche_numbers.parquet",
        "<results>/neighbourhood/borders.parquet",
        "<results>/neighbourhood/networks.parquet",
        "<results>/neighbourhood/network_counts.parquet",
        "<results>/neighbourhood/cells.parquet",
        "<results>/cluster/cells.parquet",
    ],
    "response": [
        "<results>/response/effects.parquet",
        "<results>/response/subjects.parquet",
        "<results>/response/power.parquet",
        "<results>/response/influence.parquet",
        "<results>/response/remaining.parquet",
        "<results>/response/robustness.parquet",
        "<results>/response/curves.parquet",
        "<results>/response/outcomes.parquet",
        "<results>/response/abundance.parquet",
        "<results>/response/effects.json",
        "<results>/cluster/cells.parquet",
        "<results>/neighbourhood/features.parquet",
        "<results>/neighbourhood/scale.parquet",
        "<results>/neighbourhood/functions.parquet",
        *every_group("<results>/neighbourhood/{group}/graph.parquet"),
    ],
}


rule report:
    input:
        tables=lambda wildcards: TABLES[wildcards.stage],
    output:
        html=report(
            "<results>/reports/{stage}.html",
            caption="../report/stage.rst",
            category="{stage}",
            labels={"stage": "{stage}", "what": "report"},
        ),
        figures=report(
            directory("<results>/figures/{stage}"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="{stage}",
            labels={"stage": "{stage}", "what": "{figure}"},
        ),
    log:
        "<logs>/report/{stage}.log",
    benchmark:
        "<benchmarks>/report/{stage}.tsv"
    wildcard_constraints:
        stage="|".join(TABLES),
    threads: 1
    resources:
        mem_mb=memory("report"),
        runtime=minutes("report"),
    params:
        config=config_of("report"),
        settings=SETTINGS["report"],
        code=lambda wildcards: CODE[f"report_{wildcards.stage}"],
        results=folder_above("html"),
        sheet=SHEET,
        design=lambda wildcards: WATCH.text([SHEET]),
    message:
        "report {wildcards.stage}"
    shell:
        "tumint report {wildcards.stage} --params {params.settings:q} --code {params.code} --results {params.results:q}"
        " --sheet {params.sheet:q} -o {output.html:q} > {log:q} 2>&1"


rule report_index:
    input:
        reports=expand("<results>/reports/{stage}.html", stage=TABLES),
    output:
        html=report(
            "<results>/reports/index.html",
            caption="../report/index.rst",
            category="index",
            labels={"stage": "all", "what": "report"},
        ),
        figures=report(
            directory("<results>/figures/index"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="index",
            labels={"stage": "all", "what": "{figure}"},
        ),
        summary=[f"<results>/reports/{name}" for name in summary_names(COHORT.config.cohort)],
    log:
        "<logs>/report/index.log",
    benchmark:
        "<benchmarks>/report/index.tsv"
    threads: 1
    resources:
        mem_mb=memory("report"),
        runtime=minutes("report"),
    params:
        config=config_of("report"),
        settings=SETTINGS["report"],
        code=CODE["report_index"],
        results=folder_above("html"),
        sheet=SHEET,
        design=lambda wildcards: WATCH.text([SHEET]),
    message:
        "report index"
    shell:
        "tumint report index --params {params.settings:q} --code {params.code} --results {params.results:q}"
        " --sheet {params.sheet:q} -o {output.html:q} > {log:q} 2>&1"


# the whole cohort as one AnnData, for what a person does next in scanpy or squidpy
rule report_cohort:
    input:
        cells="<results>/cluster/cells.h5ad",
        graphs=every_group("<results>/neighbourhood/{group}/graph.parquet"),
        places="<results>/neighbourhood/places.parquet",
        members="<results>/neighbourhood/cells.parquet",
    output:
        cohort="<results>/cohort.h5ad",
    log:
        "<logs>/report/cohort.log",
    benchmark:
        "<benchmarks>/report/cohort.tsv"
    threads: 1
    resources:
        mem_mb=memory("ingest"),
        runtime=minutes("report"),
    params:
        config=config_of("report"),
        settings=SETTINGS["report"],
        code=CODE["report_cohort"],
        graphs=HANDED.paths("report.graphs", every_group(f"{RESULTS}/neighbourhood/{{group}}/graph.parquet")),
        results=lambda wildcards, output: os.path.dirname(output.cohort),
        sheet=SHEET,
        design=lambda wildcards: WATCH.text([SHEET]),
    message:
        "report cohort"
    shell:
        "tumint report cohort --params {params.settings:q} --code {params.code} --results {params.results:q}"
        " --graphs {params.graphs:q} --places {input.places:q} --members {input.members:q} --sheet {params.sheet:q} -o {output.cohort:q} > {log:q} 2>&1"


# the same cells as a SpatialData store, where the config asks for it
if COHORT.config.report.spatialdata:

    rule report_spatialdata:
        input:
            cohort="<results>/cohort.h5ad",
        output:
            store=directory("<results>/cohort.zarr"),
        log:
            "<logs>/report/spatialdata.log",
        benchmark:
            "<benchmarks>/report/spatialdata.tsv"
        threads: 1
        resources:
            mem_mb=memory("ingest"),
            runtime=minutes("report"),
        params:
            code=CODE["report_spatialdata"],
            results=lambda wildcards, output: os.path.dirname(output.store),
        message:
            "report spatialdata"
        shell:
            "tumint report spatialdata --code {params.code} --results {params.results:q} -o {output.store:q} > {log:q} 2>&1"
