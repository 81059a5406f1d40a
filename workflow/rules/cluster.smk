rule cluster:
    input:
        cells=every_batch("<results>/qc/{batch}.h5ad"),
        # the stage reads its path from the params; as an input its edits are seen
        type_table=COHORT.config.cluster.type_table or [],
    output:
        h5ad="<results>/cluster/cells.h5ad",
        cells="<results>/cluster/cells.parquet",
        clusters="<results>/cluster/clusters.parquet",
        means="<results>/cluster/marker_means.parquet",
    log:
        "<logs>/cluster/cells.log",
    benchmark:
        "<benchmarks>/cluster/cells.tsv"
    threads: 4
    resources:
        mem_mb=memory("cluster"),
        runtime=minutes("cluster"),
    params:
        config=config_of("cluster"),
        code=CODE["cluster"],
        out=folder_of("cells"),
    message:
        "cluster"
    shell:
        "tumint cluster --params {params.config:q} --code {params.code} --cells {input.cells:q} --threads {threads}"
        " -o {params.out:q} > {log:q} 2>&1"
