rule ingest:
    input:
        lambda wildcards: jobs.raw_files(COHORT.sheet, BATCHES[wildcards.batch], COHORT.config.ingest),
    output:
        cells="<results>/ingest/{batch}.h5ad",
        samples="<results>/ingest/{batch}.samples.parquet",
        edges="<results>/ingest/{batch}.edges.parquet",
    log:
        "<logs>/ingest/{batch}.log",
    benchmark:
        "<benchmarks>/ingest/{batch}.tsv"
    threads: 1
    resources:
        mem_mb=memory("ingest"),
        runtime=minutes("ingest"),
    params:
        config=config_of("ingest"),
        code=CODE["ingest"],
        rows=lambda wildcards: ROWS[wildcards.batch],
    message:
        "ingest {wildcards.batch}"
    shell:
        "tumint ingest --params {params.config:q} --code {params.code} --rows {params.rows:q} -o {output.cells:q}"
        " > {log:q} 2>&1"
