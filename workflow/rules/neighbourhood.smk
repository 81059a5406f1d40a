# the samples of a group of subjects, and the files of the batches that hold them
SUBJECTS = {name: HANDED.text(f"{name}.subjects", jobs.subjects_json(COHORT.sheet, of)) for name, of in GROUPS.items()}
EDGES = {
    name: HANDED.paths(f"{name}.edges", batches_of(f"{RESULTS}/ingest/{{batch}}.edges.parquet", name))
    for name in GROUPS
}


# what niches are, learnt once over the whole cohort, so that one means the same in every ROI
rule neighbourhood_niches:
    input:
        cells="<results>/cluster/cells.parquet",
    output:
        niches="<results>/neighbourhood/niches.parquet",
        types="<results>/neighbourhood/niche_types.parquet",
        numbers="<results>/neighbourhood/niche_numbers.parquet",
        surroundings="<results>/neighbourhood/surroundings.parquet",
    log:
        "<logs>/neighbourhood/niches.log",
    benchmark:
        "<benchmarks>/neighbourhood/niches.tsv"
    threads: 1
    resources:
        mem_mb=memory("neighbourhood"),
        runtime=minutes("neighbourhood"),
    params:
        config=config_of("niches"),
        settings=SETTINGS["niches"],
        code=CODE["neighbourhood"],
        subjects=HANDED.text("cohort.subjects", jobs.subjects_json(COHORT.sheet, list(COHORT.sheet["sample"]))),
        out=folder_of("niches"),
    message:
        "neighbourhood: learn the niches"
    shell:
        "tumint neighbourhood --params {params.settings:q} --code {params.code} --cells {input.cells:q} --learn"
        " --subjects {params.subjects:q} -o {params.out:q} > {log:q} 2>&1"


# whole subjects in one job, which reads only their samples of the cohort's table of cells
rule neighbourhood:
    input:
        cells="<results>/cluster/cells.parquet",
        gates="<results>/cluster/gates.parquet",
        niches="<results>/neighbourhood/niches.parquet",
        types="<results>/neighbourhood/niche_types.parquet",
        edges=lambda wildcards: batches_of("<results>/ingest/{batch}.edges.parquet", wildcards.group),
    output:
        interactions="<results>/neighbourhood/{group}/interactions.parquet",
        nulls="<results>/neighbourhood/{group}/nulls.parquet",
        distances="<results>/neighbourhood/{group}/distances.parquet",
        grid="<results>/neighbourhood/{group}/grid.parquet",
        functions="<results>/neighbourhood/{group}/functions.parquet",
        networks="<results>/neighbourhood/{group}/networks.parquet",
        counts="<results>/neighbourhood/{group}/network_counts.parquet",
        borders="<results>/neighbourhood/{group}/borders.parquet",
        members="<results>/neighbourhood/{group}/cells.parquet",
        features="<results>/neighbourhood/{group}/features.parquet",
        scale="<results>/neighbourhood/{group}/scale.parquet",
        graph="<results>/neighbourhood/{group}/graph.parquet",
        places="<results>/neighbourhood/{group}/places.parquet",
        domains="<results>/neighbourhood/{group}/domains.parquet",
        margins="<results>/neighbourhood/{group}/margins.parquet",
        phenotypes="<results>/neighbourhood/{group}/phenotypes.parquet",
    log:
        "<logs>/neighbourhood/{group}.log",
    benchmark:
        "<benchmarks>/neighbourhood/{group}.tsv"
    threads: 2
    resources:
        mem_mb=memory("neighbourhood"),
        runtime=minutes("neighbourhood"),
    params:
        config=config_of("neighbourhood"),
        settings=SETTINGS["neighbourhood"],
        code=CODE["neighbourhood"],
        subjects=lambda wildcards: SUBJECTS[wildcards.group],
        edges=lambda wildcards: EDGES[wildcards.group],
        niches=lambda wildcards, input: os.path.dirname(input.niches),
        out=folder_of("interactions"),
    message:
        "neighbourhood {wildcards.group}"
    shell:
        "tumint neighbourhood --params {params.settings:q} --code {params.code} --cells {input.cells:q}"
        " --gates {input.gates:q} --subjects {params.subjects:q} --edges {params.edges:q} --niches {params.niches:q}"
        " --threads {threads} -o {params.out:q} > {log:q} 2>&1"


rule neighbourhood_gather:
    input:
        cells="<results>/cluster/cells.parquet",
        interactions=every_group("<results>/neighbourhood/{group}/interactions.parquet"),
        nulls=every_group("<results>/neighbourhood/{group}/nulls.parquet"),
        distances=every_group("<results>/neighbourhood/{group}/distances.parquet"),
        grid=every_group("<results>/neighbourhood/{group}/grid.parquet"),
        functions=every_group("<results>/neighbourhood/{group}/functions.parquet"),
        networks=every_group("<results>/neighbourhood/{group}/networks.parquet"),
        counts=every_group("<results>/neighbourhood/{group}/network_counts.parquet"),
        borders=every_group("<results>/neighbourhood/{group}/borders.parquet"),
        members=every_group("<results>/neighbourhood/{group}/cells.parquet"),
        features=every_group("<results>/neighbourhood/{group}/features.parquet"),
        scale=every_group("<results>/neighbourhood/{group}/scale.parquet"),
        places=every_group("<results>/neighbourhood/{group}/places.parquet"),
        domains=every_group("<results>/neighbourhood/{group}/domains.parquet"),
        margins=every_group("<results>/neighbourhood/{group}/margins.parquet"),
        phenotypes=every_group("<results>/neighbourhood/{group}/phenotypes.parquet"),
    output:
        interactions="<results>/neighbourhood/interactions.parquet",
        nulls="<results>/neighbourhood/nulls.parquet",
        distances="<results>/neighbourhood/distances.parquet",
        grid="<results>/neighbourhood/grid.parquet",
        functions="<results>/neighbourhood/functions.parquet",
        networks="<results>/neighbourhood/networks.parquet",
        counts="<results>/neighbourhood/network_counts.parquet",
        borders="<results>/neighbourhood/borders.parquet",
        members="<results>/neighbourhood/cells.parquet",
        features="<results>/neighbourhood/features.parquet",
        scale="<results>/neighbourhood/scale.parquet",
        places="<results>/neighbourhood/places.parquet",
        domains="<results>/neighbourhood/domains.parquet",
        margins="<results>/neighbourhood/margins.parquet",
        phenotypes="<results>/neighbourhood/phenotypes.parquet",
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
        settings=SETTINGS["neighbourhood"],
        code=CODE["neighbourhood"],
        folders=HANDED.paths("neighbourhood.folders", every_group(f"{RESULTS}/neighbourhood/{{group}}")),
        out=folder_of("features"),
    message:
        "neighbourhood: gather the subjects"
    shell:
        "tumint neighbourhood --params {params.settings:q} --code {params.code} --cells {input.cells:q}"
        " --gather {params.folders:q} -o {params.out:q} > {log:q} 2>&1"
