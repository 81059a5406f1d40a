rule qc:
    input:
        cells="<results>/ingest/{batch}.h5ad",
        samples="<results>/ingest/{batch}.samples.parquet",
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
        code=CODE["qc"],
    message:
        "qc {wildcards.batch}"
    shell:
        "tumint qc --params {params.config:q} --code {params.code} --cells {input.cells:q} --samples {input.samples:q}"
        " -o {output.cells:q} > {log:q} 2>&1"
