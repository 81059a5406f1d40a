# measured batch by batch, compared over the cohort, judged batch by batch
rule qc_measure:
    input:
        cells="<results>/ingest/{batch}.h5ad",
        samples="<results>/ingest/{batch}.samples.parquet",
    output:
        measures="<results>/qc/{batch}.measures.parquet",
        rois="<results>/qc/{batch}.rois.parquet",
        channels="<results>/qc/{batch}.channels.parquet",
        stripes="<results>/qc/{batch}.stripes.parquet",
    log:
        "<logs>/qc/{batch}.measure.log",
    benchmark:
        "<benchmarks>/qc/{batch}.measure.tsv"
    threads: 1
    resources:
        mem_mb=memory("qc"),
        runtime=minutes("qc"),
    params:
        config=config_of("qc"),
        settings=SETTINGS["qc"],
        code=CODE["qc"],
    message:
        "qc: measure {wildcards.batch}"
    shell:
        "tumint qc --params {params.settings:q} --code {params.code} --measure --cells {input.cells:q}"
        " --samples {input.samples:q} -o {output.measures:q} > {log:q} 2>&1"


rule qc_gather:
    input:
        measures=every_batch("<results>/qc/{batch}.measures.parquet"),
        rois=every_batch("<results>/qc/{batch}.rois.parquet"),
        channels=every_batch("<results>/qc/{batch}.channels.parquet"),
        stripes=every_batch("<results>/qc/{batch}.stripes.parquet"),
    output:
        limits="<results>/qc/limits.parquet",
        rois="<results>/qc/rois.parquet",
        channels="<results>/qc/channels.parquet",
        spillover="<results>/qc/spillover.parquet",
        stripes="<results>/qc/stripes.parquet",
    log:
        "<logs>/qc/gather.log",
    benchmark:
        "<benchmarks>/qc/gather.tsv"
    threads: 1
    resources:
        mem_mb=memory("qc"),
        runtime=minutes("qc"),
    params:
        config=config_of("qc"),
        settings=SETTINGS["qc"],
        code=CODE["qc"],
        measures=HANDED.paths("qc.measures", every_batch(f"{RESULTS}/qc/{{batch}}.measures.parquet")),
        out=folder_of("limits"),
    message:
        "qc: compare the ROIs of the cohort"
    shell:
        "tumint qc --params {params.settings:q} --code {params.code} --gather {params.measures:q}"
        " -o {params.out:q} > {log:q} 2>&1"


rule qc:
    input:
        cells="<results>/ingest/{batch}.h5ad",
        samples="<results>/ingest/{batch}.samples.parquet",
        measures="<results>/qc/{batch}.measures.parquet",
        # only where a limit is that of the cohort: else a sample more leaves the verdicts of the others alone
        cohort=["<results>/qc/limits.parquet", "<results>/qc/rois.parquet"] if COHORT.config.qc.needs_cohort else [],
    output:
        cells="<results>/qc/{batch}.h5ad",
        verdicts="<results>/qc/{batch}.cells.parquet",
        metrics="<results>/qc/{batch}.metrics.parquet",
    log:
        "<logs>/qc/{batch}.log",
    benchmark:
        "<benchmarks>/qc/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=memory("qc"),
        runtime=minutes("qc"),
    params:
        config=config_of("qc"),
        settings=SETTINGS["qc"],
        code=CODE["qc"],
        cohort=lambda wildcards, input: ["--cohort", os.path.dirname(input.cohort[0])] if input.cohort else [],
    message:
        "qc {wildcards.batch}"
    shell:
        "tumint qc --params {params.settings:q} --code {params.code} --cells {input.cells:q} --samples {input.samples:q}"
        " --measures {input.measures:q} {params.cohort:q} -o {output.cells:q} > {log:q} 2>&1"
