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
        code=CODE["ingest"],
        raw=lambda wildcards: WATCH.text(raw_files(wildcards.batch)),
        rows=lambda wildcards: ROWS[wildcards.batch],
    message:
        "ingest {wildcards.batch}"
    shell:
        "tumint ingest --params {params.config:q} --code {params.code} --rows {params.rows:q} -o {output.cells:q}"
        " > {log:q} 2>&1"
