# each batch reads only its own samples of the cohort's table of cells
rule neighbourhood:
    input:
        cells="<results>/cluster/cells.parquet",
        edges="<results>/ingest/{batch}.edges.parquet",
    output:
        interactions="<results>/neighbourhood/{batch}/interactions.parquet",
        distances="<results>/neighbourhood/{batch}/distances.parquet",
        grid="<results>/neighbourhood/{batch}/grid.parquet",
    log:
        "<logs>/neighbourhood/{batch}.log",
    benchmark:
        "<benchmarks>/neighbourhood/{batch}.tsv"
    threads: 2
    resources:
        mem_mb=memory("neighbourhood"),
        runtime=minutes("neighbourhood"),
    params:
        config=config_of("neighbourhood"),
        code=CODE["neighbourhood"],
        samples=lambda wildcards: BATCHES[wildcards.batch],
        out=folder_of("interactions"),
    message:
        "neighbourhood {wildcards.batch}"
    shell:
        "tumint neighbourhood --params {params.config:q} --code {params.code} --cells {input.cells:q}"
        " --samples {params.samples:q} --edges {input.edges:q} --threads {threads} -o {params.out:q} > {log:q} 2>&1"


rule neighbourhood_gather:
    input:
        cells="<results>/cluster/cells.parquet",
        interactions=every_batch("<results>/neighbourhood/{batch}/interactions.parquet"),
        distances=every_batch("<results>/neighbourhood/{batch}/distances.parquet"),
        grid=every_batch("<results>/neighbourhood/{batch}/grid.parquet"),
    output:
        interactions="<results>/neighbourhood/interactions.parquet",
        distances="<results>/neighbourhood/distances.parquet",
        grid="<results>/neighbourhood/grid.parquet",
        features="<results>/neighbourhood/features.parquet",
    log:
        "<logs>/neighbourhood/gather.log",
    benchmark:
        "<benchmarks>/neighbourhood/gather.tsv"
    threads: 1
    resources:
        mem_mb=memory("neighbourhood"),
        runtime=minutes("neighbourhood"),
    params:
        config=config_of("neighbourhood"),
        code=CODE["neighbourhood"],
        folders=lambda wildcards, input: [os.path.dirname(path) for path in input.interactions],
        out=folder_of("features"),
    message:
        "neighbourhood: gather the batches"
    shell:
        "tumint neighbourhood --params {params.config:q} --code {params.code} --cells {input.cells:q}"
        " --gather {params.folders:q} -o {params.out:q} > {log:q} 2>&1"
