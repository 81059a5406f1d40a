# the rows of the sheet that a job reads
ROWS = {
    name: HANDED.text(f"{name}.rows", jobs.rows_json(COHORT.sheet, of, COHORT.config.ingest))
    for name, of in BATCHES.items()
}


rule ingest:
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
        mem_mb=memory_of_raw,
        runtime=minutes("ingest"),
    params:
        config=config_of("ingest"),
        settings=SETTINGS["ingest"],
        code=CODE["ingest"],
        raw=lambda wildcards: WATCH.text(raw_files(wildcards.batch)),
        rows=lambda wildcards: ROWS[wildcards.batch],
    message:
        "ingest {wildcards.batch}"
    shell:
        "tumint ingest --params {params.settings:q} --code {params.code} --rows {params.rows:q} -o {output.cells:q}"
        " > {log:q} 2>&1"
