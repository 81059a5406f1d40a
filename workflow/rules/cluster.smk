# What the report of clustering reads besides the cells.
CLUSTER_TABLES = ["gates", "states", "ridges", "sweep", "mixing", "confusion", "umap", "moran", "ligand_receptor"]


rule cluster:
    input:
        cells=every_batch("<results>/qc/{batch}.h5ad"),
    output:
        h5ad="<results>/cluster/cells.h5ad",
        cells="<results>/cluster/cells.parquet",
        clusters="<results>/cluster/clusters.parquet",
        means="<results>/cluster/marker_means.parquet",
        tables=expand("<results>/cluster/{table}.parquet", table=CLUSTER_TABLES),
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
        settings=SETTINGS["cluster"],
        code=CODE["cluster"],
        side=lambda wildcards: WATCH.text(COHORT.config.cluster.files),
        cells=HANDED.paths("cluster.cells", every_batch(f"{RESULTS}/qc/{{batch}}.h5ad")),
        batches=HANDED.text("cluster.batches", jobs.batches_json(COHORT.sheet, COHORT.config.cluster.integrate.batch)),
        subjects=HANDED.text("cluster.subjects", jobs.sketched_json(COHORT.sheet, COHORT.config.cluster)),
        out=folder_of("cells"),
    message:
        "cluster"
    shell:
        "tumint cluster --params {params.settings:q} --code {params.code} --cells {params.cells:q}"
        " --batches {params.batches:q} --subjects {params.subjects:q} --threads {threads} -o {params.out:q} > {log:q} 2>&1"
